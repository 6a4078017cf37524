import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { anyHostKey } from "../rehearsal/testing/cloud-stage.ts";
import { checkConfig } from "./config.ts";
import { lookAround } from "./look.ts";

/** A Pi that nobody has a key for. */
const pi = { host: "127.0.0.1", port: 9, hostKey: anyHostKey };
const nobodys = "12345678-1234-4123-8123-123456789abc";
let cloudflare: TestCloudflare;

/** Who runs the program: a preview asks no Pi. */
function run({ isPreview = true, token = cloudflare.local.apiToken } = {}): void {
  const mocks = { newResource: () => ({ id: "id", state: {} }), call: () => ({}) };
  pulumi.runtime.setMocks(mocks, "openclaw-gateway", "home", isPreview);
  pulumi.runtime.setAllConfig({
    "cloudflare:baseUrl": cloudflare.local.apiUrl,
    "cloudflare:apiToken": token,
  });
}

const look = (keys: object) =>
  lookAround(
    "home",
    checkConfig("home", {
      accountId: cloudflare.local.accountId,
      pi,
      access: { emails: ["ann@example.com"] },
      ...keys,
    }),
  );

const refusalOf = (keys: object): Promise<string> =>
  look(keys).then(
    () => "no refusal",
    (error: Error) => error.message,
  );

/** The codes of a refusal that lists several, in the order of their letters. */
const codesIn = (message: string): string[] =>
  [...message.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, code = ""]) => code).sort();

beforeAll(async () => {
  vi.stubEnv("SSH_AUTH_SOCK", undefined);
  cloudflare = await startTestCloudflare(216, { loginMethods: ["cloudflare"] });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  await cloudflare?.local.close();
  pulumi.runtime.resetOptions("", "", -1, "", "", false, "");
});

// One look each: whoever takes its call away takes its code out of the list.
describe("before anything is created", () => {
  test("all that the account stands in the way with is listed at once", async () => {
    run();
    const { accountId, workersSubdomain } = cloudflare.local;
    const path = `/accounts/${accountId}`;
    const domain = `openclaw-home.${workersSubdomain}.workers.dev/v1`;
    const application = { type: "self_hosted", name: "other", domain };
    await cloudflare.client.post(`${path}/access/apps`, { body: application });
    const message = await refusalOf({
      hostname: "ai.example.edu",
      alsoHostnames: ["workers.dev"],
      serviceTokens: Array.from({ length: 51 }, (_, index) => ({ name: `t${index}` })),
      tunnel: { id: nobodys },
      access: { emails: ["ann@example.com"], loginMethods: [nobodys] },
    });
    expect(message).toMatch(/^NOT_READY: 5 things /);
    expect(codesIn(message)).toEqual([
      "ACCESS_OVERLAP",
      "ACCESS_PROVIDER",
      "ACCOUNT_FULL",
      "HOSTNAME_ZONE_MISSING",
      "TUNNEL_NOT_FOUND",
    ]);
    expect(cloudflare.local.calls.filter(({ method }) => method !== "GET")).toHaveLength(1);
  });

  test("the stack's own tunnel is looked at where none is reused, and the Pi too where it is no preview", async () => {
    run({ isPreview: false });
    const path = `/accounts/${cloudflare.local.accountId}/cfd_tunnel`;
    const body = { name: "openclaw-home", config_src: "cloudflare" };
    const { result } = (await cloudflare.client.post(path, { body })) as { result: { id: string } };
    onTestFinished(async () => void (await cloudflare.client.delete(`${path}/${result.id}`)));
    const ingress = [
      { hostname: "pi.example.com", service: "http://localhost:18789" },
      { service: "http_status:404" },
    ];
    await cloudflare.client.put(`${path}/${result.id}/configurations`, { body: { config: { ingress } } });
    const message = await refusalOf({ workerName: "elsewhere" });
    expect(codesIn(message)).toEqual(["PI_NO_KEY", "TUNNEL_PUBLISHED"]);
  });

  test("a token that lacks a permission is told so with what is wrong with the Pi, and of nothing else", async () => {
    const without = ["Workers Scripts Write"] as const;
    run({ isPreview: false, token: cloudflare.local.issueApiToken({ without }) });
    const message = await refusalOf({ tunnel: { id: nobodys } });
    expect(codesIn(message)).toEqual(["CLOUDFLARE_PERMISSION_MISSING", "PI_NO_KEY"]);
  });

  test("a good account is told what only a write can prove, and who can log in", async () => {
    run();
    const [warn, info] = [vi.spyOn(pulumi.log, "warn"), vi.spyOn(pulumi.log, "info")];
    const { names, domains, account } = await look({ workerName: "elsewhere" });
    expect([names.workerName, domains, account.teamDomain]).toEqual([
      "elsewhere",
      [],
      cloudflare.local.teamDomain,
    ]);
    expect(warn.mock.calls.map(([text]) => text.split(":")[0])).toEqual(["CLOUDFLARE_LOGIN_LIMITED"]);
    expect(info.mock.calls.map(([text]) => text).join("\n")).toMatch(
      /only writing can show whether the API token has "Connectivity Directory: Bind", .*"Workers Scripts: Edit"/,
    );
  });

  test("of a Pi that is gone for good it is said what stays on it", async () => {
    run({ isPreview: false });
    const warn = vi.spyOn(pulumi.log, "warn");
    await look({ workerName: "elsewhere", pi: { ...pi, abandoned: true } });
    expect(warn.mock.calls.map(([text]) => text).join("\n")).toContain("PI_ABANDONED: ");
  });
});
