import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as cloudflare from "@pulumi/cloudflare";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, startFakeApi } from "./testing/fake-api.ts";
import { type FakeHost, startFakeHost } from "./testing/fake-host.ts";
import { openTestStack, type TestStack } from "./testing/stack.ts";

const accountId = "account";
const source = "export default {};";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

let api: FakeApi;
let host: FakeHost;
let test: TestStack;

beforeAll(async () => {
  api = await startFakeApi();
  host = await startFakeHost();
  test = await openTestStack(api.url);
}, 600_000);

afterAll(async () => {
  await test?.close();
  await api?.close();
  await host?.close();
});

beforeEach(() => writeFile(join(test.programFolder, "../worker.js"), source));

/** The chain in small; each test changes one thing about it. */
interface Variant {
  readonly version?: number;
  readonly hash?: string;
  readonly create?: string;
  readonly extra?: () => void;
}

function chain(variant: Variant = {}) {
  return async () => {
    const tunnel = new cloudflare.ZeroTrustTunnelCloudflared("tunnel", {
      accountId,
      name: "home",
      configSrc: "cloudflare",
    });
    const { token } = cloudflare.getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId: tunnel.id });
    const service = new cloudflare.ConnectivityDirectoryService("service", {
      accountId,
      name: "home",
      type: "http",
      httpPort: 18789,
      host: { ipv4: "127.0.0.1", network: { tunnelId: tunnel.id } },
    });
    const serviceToken = new cloudflare.ZeroTrustAccessServiceToken("cli", {
      accountId,
      name: "cli",
      ...(variant.version && {
        clientSecretVersion: variant.version,
        previousClientSecretExpiresAt: "2030-01-01T00:00:00Z",
      }),
    });
    const policy = new cloudflare.ZeroTrustAccessPolicy("services", {
      accountId,
      name: "services",
      decision: "non_identity",
      includes: [{ serviceToken: { tokenId: serviceToken.id } }],
    });
    const application = new cloudflare.ZeroTrustAccessApplication("application", {
      accountId,
      name: "home",
      type: "self_hosted",
      domain: "home.example.workers.dev",
      policies: [{ id: policy.id, precedence: 1 }],
    });
    const step = new command.remote.Command(
      "step",
      {
        connection: {
          host: "127.0.0.1",
          port: host.port,
          user: "pi",
          privateKey: host.privateKey,
          hostKey: host.hostKey,
        },
        create: variant.create ?? "install",
        delete: "uninstall",
        stdin: pulumi.secret(token),
        addPreviousOutputInEnv: false,
        logging: "none",
      },
      { additionalSecretOutputs: ["stdout"] },
    );
    const script = new cloudflare.WorkersScript("script", {
      accountId,
      scriptName: "home",
      mainModule: "worker.js",
      contentFile: "../worker.js",
      contentSha256: variant.hash ?? sha256(source),
      compatibilityDate: "2026-10-01",
      observability: { enabled: true },
      bindings: [
        { type: "vpc_service", name: "VPC_SERVICE", serviceId: service.serviceId },
        { type: "plain_text", name: "POLICY_AUD", text: application.aud },
        { type: "secret_text", name: "TOKEN", text: step.stdout },
        { type: "ratelimit", name: "LIMIT", namespaceId: "7", simple: { limit: 9, period: 60 } },
      ],
    });
    new cloudflare.WorkersScriptSubdomain("route", {
      accountId,
      scriptName: script.scriptName,
      enabled: true,
      previewsEnabled: false,
    });
    variant.extra?.();
    return { clientSecret: serviceToken.clientSecret };
  };
}

const bodyOf = (method: string, path: string) =>
  api.calls.findLast((call) => call.method === method && call.path.startsWith(`/accounts/account${path}`))
    ?.body;

const documentAt = (part: string) => {
  const found = [...api.documents].find(([path]) => path.includes(part));
  if (!found) throw new Error(`nothing at ${part}`);
  return found[1];
};

describe("the Cloudflare stand-in on the real engine", { timeout: 120_000 }, () => {
  it("run nothing and call nothing in a preview of what is not there yet", async () => {
    test.use(chain());
    const { changeSummary } = await test.stack.preview();
    expect(changeSummary).toEqual({ create: 9 });
    expect(host.runs).toEqual([]);
    expect(api.calls).toEqual([]);
  });

  it("create it with the bodies that the real provider sends", async () => {
    host.reply = () => ({ stdout: "TOKEN-OF-GATEWAY\n" });
    test.use(chain());
    const { summary, outputs } = await test.stack.up();
    expect(summary.resourceChanges).toEqual({ create: 9 });
    expect(outputs.clientSecret).toEqual({ value: "SECRET-OF-SERVICE", secret: true });
    const tunnel = documentAt("/cfd_tunnel/").id;
    expect(bodyOf("POST", "/cfd_tunnel")).toEqual({ config_src: "cloudflare", name: "home" });
    expect(bodyOf("POST", "/connectivity")).toEqual({
      host: { ipv4: "127.0.0.1", network: { tunnel_id: tunnel } },
      http_port: 18789,
      name: "home",
      type: "http",
    });
    expect(bodyOf("POST", "/access/policies")).toEqual({
      decision: "non_identity",
      include: [{ service_token: { token_id: documentAt("/service_tokens/").id } }],
      name: "services",
      session_duration: "24h",
    });
    expect(bodyOf("POST", "/access/service_tokens")).toEqual({
      client_secret_version: 1,
      duration: "8760h",
      name: "cli",
    });
    expect(bodyOf("PUT", "/workers/scripts/home")).toMatchObject({
      name: "worker.js",
      type: "application/javascript+module",
      text: source,
      metadata: {
        main_module: "worker.js",
        compatibility_date: "2026-10-01",
        bindings: [
          { type: "vpc_service", service_id: documentAt("/connectivity/").id },
          { type: "plain_text", text: documentAt("/access/apps/").aud },
          { type: "secret_text", text: "TOKEN-OF-GATEWAY" },
          { type: "ratelimit", namespace_id: "7", simple: { limit: 9, period: 60 } },
        ],
      },
    });
    expect(host.runs).toEqual([{ command: "install", stdin: "TOKEN-OF-TUNNEL", env: {} }]);
  });

  it("record no secret in clear", async () => {
    const state = await test.stateOnDisk();
    for (const secret of ["TOKEN-OF-GATEWAY", "TOKEN-OF-TUNNEL", "SECRET-OF-SERVICE", "PRIVATE KEY"]) {
      expect(state).not.toContain(secret);
    }
    expect(state).toContain("aud-of-"); // what is no secret is there to read
  });

  it("hand a tunnel's token out in clear, as the real data source does", async () => {
    let secret: boolean | undefined;
    test.use(async () => {
      const outputs = await chain()();
      const tunnelId = documentAt("/cfd_tunnel/").id as string;
      const answer = cloudflare.getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId });
      secret = await pulumi.isSecret(answer.token);
      return outputs;
    });
    await test.stack.preview();
    expect(secret).toBe(false);
  });

  it("find nothing to do in a second up and in a refresh", async () => {
    test.use(chain());
    expect((await test.stack.up()).summary.resourceChanges).toEqual({ same: 9 });
    expect((await test.stack.refresh()).summary.resourceChanges).toEqual({ same: 9 });
    expect((await test.stack.preview()).changeSummary).toEqual({ same: 9 });
  });

  it("see a change by hand in a refresh and put it right in an up", async () => {
    documentAt("/access/apps/").session_duration = "720h";
    const uploaded = api.scripts.get("home") as { text: string };
    uploaded.text = "export default { hacked: true };";
    test.use(chain());
    expect((await test.stack.refresh()).summary.resourceChanges).toEqual({ same: 7, update: 2 });
    expect((await test.stack.up()).summary.resourceChanges).toMatchObject({ update: 2 });
    expect(documentAt("/access/apps/").session_duration).toBe("24h");
    expect(api.scripts.get("home")?.text).toBe(source);
  });

  it("make again what somebody has deleted", async () => {
    const policyPath = [...api.documents.keys()].find((path) => path.includes("/access/policies/")) as string;
    api.documents.delete(policyPath);
    test.use(chain());
    expect((await test.stack.refresh()).summary.resourceChanges).toMatchObject({ delete: 1 });
    expect((await test.stack.up()).summary.resourceChanges).toMatchObject({ create: 1, update: 1 });
  });

  it("rotate a service token in place and keep its secret otherwise", async () => {
    test.use(chain({ version: 2 }));
    const { summary, outputs } = await test.stack.up();
    expect(summary.resourceChanges).toEqual({ same: 8, update: 1 });
    expect(bodyOf("PUT", "/access/service_tokens")).toEqual({
      client_secret_version: 2,
      duration: "8760h",
      name: "cli",
      previous_client_secret_expires_at: "2030-01-01T00:00:00Z",
    });
    expect(outputs.clientSecret?.value).toBe("SECRET-OF-SERVICE");
  });

  it("refuse a rotation that does not say how long the old secret lives", async () => {
    const extra = () =>
      void new cloudflare.ZeroTrustAccessServiceToken("half", {
        accountId,
        name: "half",
        clientSecretVersion: 2,
      });
    test.use(chain({ version: 2, extra }));
    await expect(test.stack.preview()).rejects.toThrow(
      'Attribute "previous_client_secret_expires_at" must be specified when "client_secret_version" is specified',
    );
  });

  it("hide all of a Worker's bindings in a diff when one of them is secret", async () => {
    test.use(chain({ create: "install --again" }));
    const { stdout } = await test.stack.preview({ diff: true });
    expect(stdout).toContain("install --again");
    expect(stdout).toMatch(/bindings\s*: \[secret\]/);
    expect(stdout).not.toContain("VPC_SERVICE");
  });

  it("refuse a bundle that is not the one the hash speaks of, in a preview too", async () => {
    test.use(chain({ hash: sha256("something else") }));
    await expect(test.stack.preview()).rejects.toThrow(/SHA-256 Hash Mismatch/);
    await writeFile(join(test.programFolder, "../worker.js"), `${source}\n`);
    test.use(chain({ hash: sha256(`${source}\n`), version: 2 }));
    expect((await test.stack.up()).summary.resourceChanges).toEqual({ same: 8, update: 1 });
  });

  it("tell a refusal of the API in the real provider's words, and record nothing", async () => {
    api.refuseNext("/accounts/account/access/groups", 400, { code: 12130, message: "no such rule" });
    const extra = () =>
      void new cloudflare.ZeroTrustAccessGroup("group", {
        accountId,
        name: "group",
        includes: [{ email: { email: "a@example.com" } }],
      });
    test.use(chain({ extra }));
    const words =
      `failed to make http request: POST "${api.url}/accounts/account/access/groups": 400 Bad Request ` +
      '{"success":false,"errors":[{"code":12130,"message":"no such rule"}]';
    await expect(test.stack.up()).rejects.toThrow(words);
    expect(await test.stateOnDisk()).not.toContain("zeroTrustAccessGroup");
  });

  it("destroy all of it", async () => {
    await test.stack.destroy();
    expect([...api.documents.keys()].filter((path) => !path.endsWith("/subdomain"))).toEqual([]);
    expect(api.scripts.size).toBe(0);
  });
});
