import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import gateway from "./index.ts";

const hostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const tunnelToken = "tunnel-token-of-the-test";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** What the program registers, in the order of registration, and what it gives out. */
const registered: Registered[] = [];
let api: Server;
let outputs: Record<string, unknown>;

const find = (type: string, name?: string): Registered => {
  const found = registered.filter(
    (resource) => resource.type.endsWith(`:${type}`) && (!name || resource.name === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`);
  return found[0] as Registered;
};

/** Secrets reach a provider wrapped (the SDK's own signature key). */
const secretSignature = "4dabf18193072939515e22adb298388d";
const isSecret = (value: unknown): value is { value: unknown } =>
  typeof value === "object" && value !== null && secretSignature in value;
const revealed = (value: unknown): unknown => (isSecret(value) ? value.value : value);

const invoked: Record<string, object> = {
  "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": {
    token: tunnelToken,
  },
};

/** An account that is set up and holds nothing. */
async function fakeApi(): Promise<string> {
  const results: Record<string, unknown> = {
    "/user/tokens/verify": { status: "active" },
    [`/accounts/${"0".repeat(32)}/access/organizations`]: { auth_domain: "team.cloudflareaccess.com" },
    [`/accounts/${"0".repeat(32)}/workers/subdomain`]: { subdomain: "another" },
  };
  api = createServer((request, response) =>
    response.end(JSON.stringify({ success: true, errors: [], result: results[request.url ?? ""] ?? [] })),
  );
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  mkdirSync(new URL("../.build", import.meta.url), { recursive: true });
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        // In preview a new resource has no id yet, so nothing is asked of the API about it.
        const made = { aud: "audience-of-the-test", clientId: "client.access" };
        return { id: undefined, state: { ...inputs, ...made } };
      },
      call: ({ token }) => invoked[token] ?? {},
    },
    "openclaw-gateway",
    "dev",
    true,
  );
  // The SDK's mocks know no hooks; the engine runs them (bad-input.suite.ts).
  const registerHook = (_request: unknown, done: (error: null) => void) => done(null);
  Object.assign(pulumi.runtime.getMonitor() as object, {
    registerResourceHook: registerHook,
    registerErrorHook: registerHook,
  });
  pulumi.runtime.setAllConfig({
    "openclaw-gateway:accountId": "0".repeat(32),
    "cloudflare:baseUrl": await fakeApi(),
    "cloudflare:apiToken": "x".repeat(40),
    "openclaw-gateway:workersSubdomain": "family",
    "openclaw-gateway:pi": JSON.stringify({ host: "192.168.1.20", hostKey }),
    "openclaw-gateway:access": JSON.stringify({
      emails: ["owner@example.com"],
      emailDomains: ["example.org"],
    }),
  });
  outputs = await gateway();
  await pulumi.runtime.disconnect();
});

describe("the program", () => {
  test("guards the very hostname that the Worker answers on", () => {
    const { inputs } = find("ZeroTrustAccessApplication");
    expect(inputs.domain).toBe("openclaw-dev.family.workers.dev");
    expect(outputs.url).toBe("https://openclaw-dev.family.workers.dev");
    // A destination of type "worker" would refuse WebSockets.
    expect(inputs.destinations).toEqual([{ type: "public", uri: "openclaw-dev.family.workers.dev" }]);
    expect(inputs.type).toBe("self_hosted");
  });

  test("lets in the people of the config and no one else", () => {
    expect(find("ZeroTrustAccessPolicy", "dev-people").inputs).toMatchObject({
      decision: "allow",
      includes: [{ email: { email: "owner@example.com" } }, { emailDomain: { domain: "example.org" } }],
    });
  });

  test("lets programs in by Service Auth, which never shows them a login page", () => {
    expect(find("ZeroTrustAccessPolicy", "dev-service-cli").inputs.decision).toBe("non_identity");
    expect(find("ZeroTrustAccessServiceToken").inputs).toMatchObject({
      name: "openclaw-dev-cli",
      duration: "8760h",
    });
  });

  test("leads the VPC service to an address, not a name that the Pi's network would look up", () => {
    expect(find("ConnectivityDirectoryService").inputs).toMatchObject({
      type: "http",
      httpPort: 18789,
      host: { ipv4: "127.0.0.1" },
    });
    expect(find("ConnectivityDirectoryService").inputs.httpsPort).toBeUndefined();
  });

  test("gives the Worker all it needs, by a file whose path is the same on every machine", () => {
    const { inputs } = find("WorkersScript");
    expect(inputs).toMatchObject({
      contentFile: "../.build/worker.js",
      mainModule: "worker.js",
      scriptName: "openclaw-dev",
    });
    expect(isSecret(inputs.bindings)).toBe(true);
    const bindings = revealed(inputs.bindings) as { name: string; type: string; text: unknown }[];
    const secrets = bindings.filter(({ type }) => type === "secret_text").map(({ name }) => name);
    expect(secrets).toEqual(["POLICY_AUD", "OPENCLAW_GATEWAY_TOKEN"]);
    // Which ones and with what: worker-bindings.test.ts.
    const roles = bindings.find(({ name }) => name === "ROLES")?.text;
    expect(JSON.parse(String(roles))).toEqual({
      people: { "owner@example.com": "owner", "@example.org": "guest" },
      services: { "client.access": { name: "cli", role: "member" } },
      agents: { guest: ["default"] },
    });
    expect((inputs.observability as { logs: object }).logs).toMatchObject({ invocationLogs: false });
  });

  test("never opens preview addresses", () => {
    expect(find("WorkersScriptSubdomain").inputs).toMatchObject({ enabled: true, previewsEnabled: false });
  });

  test("gives the Pi's commands no secret but on standard input, and nothing by the environment", () => {
    const commands = registered.filter(({ type }) => type.endsWith(":Command"));
    expect(commands.map(({ name }) => name)).toEqual(["dev-footprint", "dev-connector", "dev-openclaw"]);
    for (const { inputs } of commands) {
      expect(inputs.addPreviousOutputInEnv).toBe(false);
      expect(inputs.environment).toBeUndefined();
      expect(String(inputs.create)).not.toContain(tunnelToken);
      expect(isSecret(inputs.stdin)).toBe(true);
      expect(revealed(inputs.connection)).toMatchObject({ host: "192.168.1.20", hostKey });
    }
  });

  test("undoes the Pi by what is recorded before the first step", () => {
    const withDelete = registered.filter(({ inputs }) => inputs.delete !== undefined);
    expect(withDelete.map(({ name }) => name)).toEqual(["dev-footprint"]);
  });

  test("marks what is secret among its outputs", async () => {
    expect(await pulumi.isSecret(outputs.serviceTokens as pulumi.Output<unknown>)).toBe(true);
    expect(JSON.stringify(outputs.curl)).toContain("$CF_ACCESS_CLIENT_SECRET");
  });
});

afterAll(() => {
  api.close();
  pulumi.runtime.resetOptions("", "", -1, "", "", false, "");
});
