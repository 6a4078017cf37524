import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { doubts, leadsTo, lookAtReusedTunnel } from "./reused-tunnel.ts";

describe("an ingress rule", () => {
  test.each([
    ["http://localhost:18789", true],
    ["https://127.0.0.1:18789", true],
    ["http://[::1]:18789/", true],
    ["tcp://raspberrypi.lan:18789", true],
    ["ws://192.168.1.20:18789", true],
    ["bastion", true],
    ["socks-proxy", true],
    ["http://localhost:2342", false],
    ["http://localhost", false],
    ["ssh://localhost", false],
    ["http_status:404", false],
    ["hello_world", false],
    ["unix:/run/photos.sock", false],
  ])("to %s leads to OpenClaw's port: %s", (service, leads) => {
    expect(leadsTo(18789, { hostname: "a.example.com", service })).toBe(leads);
  });

  test("without a port leads to its scheme's, and in bastion or SOCKS mode anywhere", () => {
    expect([80, 443].map((port) => leadsTo(port, { service: "http://localhost" }))).toEqual([true, false]);
    expect([80, 443].map((port) => leadsTo(port, { service: "https://localhost" }))).toEqual([false, true]);
    expect(leadsTo(22, { service: "ssh://localhost" })).toBe(true);
    const service = "http://localhost:1";
    expect(leadsTo(2, { service, originRequest: { bastionMode: true } })).toBe(true);
    expect(leadsTo(2, { service, originRequest: { proxyType: "socks" } })).toBe(true);
  });
});

test("what may be wrong with a tunnel is warned of, and nothing else", () => {
  const codes = (change: object, ...versions: string[]) =>
    doubts(
      { name: "house", deleted_at: null, status: "healthy", config_src: "cloudflare", ...change },
      versions.map((version) => ({ id: "x", version })),
      18789,
    ).map((words) => words.split(":")[0]);
  expect(codes({}, "2026.8.2")).toEqual([]);
  expect(codes({ status: "down" })).toEqual(["TUNNEL_UNHEALTHY"]);
  expect(codes({}, "2026.8.2", "2026.8.2")).toEqual(["TUNNEL_REPLICAS"]);
  expect(codes({}, "2025.6.1")).toEqual(["CLOUDFLARED_TOO_OLD"]);
  expect(codes({ config_src: "local" }, "2025.7.0")).toEqual(["TUNNEL_INGRESS_UNSEEN"]);
});

describe("a tunnel to reuse", () => {
  let account: TestCloudflare;
  beforeAll(async () => {
    account = await startTestCloudflare(247);
  });
  afterAll(() => account.local.close());

  const refusal = (id: string) =>
    lookAtReusedTunnel(
      { accountId: account.local.accountId, id, port: 18789 },
      { baseUrl: account.local.apiUrl, token: account.local.apiToken },
    ).then(
      () => "",
      (error: Error) => error.message,
    );

  test("is there and not deleted", async () => {
    const api = cloudflareApi(account.local);
    const unknown = "12345678-1234-1234-1234-123456789abc";
    const { id } = await api.createTunnel("old");
    expect(await refusal(unknown)).toMatch(
      /TUNNEL_NOT_FOUND: the account \w+ has no tunnel 12345678.*\n {2}there .*\("old"\)\n/,
    );
    await api.deleteTunnel(id);
    expect(await refusal(id)).toMatch(/TUNNEL_NOT_FOUND: the tunnel .* was deleted at 20/);
  });

  test("may publish what it likes, but not OpenClaw's port", async () => {
    const api = cloudflareApi(account.local);
    const { id } = await api.createTunnel("house");
    const photos = { hostname: "photos.example.com", service: "http://localhost:2342" };
    const rest = { service: "http_status:404" };
    await api.publish(id, [photos, rest]);
    expect(await refusal(id)).toBe("");
    await api.publish(id, [
      photos,
      { hostname: "claw.example.com", service: "http://localhost:18789" },
      rest,
    ]);
    expect(await refusal(id)).toMatch(
      /TUNNEL_LEADS_TO_OPENCLAW: the tunnel house leads to port 18789[\s\S]*claw\.example\.com -> http:\/\/localhost:18789/,
    );
    expect(await refusal(id)).not.toContain("photos");
    await api.publish(id, [{ service: "http://127.0.0.1:18789" }]);
    expect(await refusal(id)).toContain("every hostname -> http://127.0.0.1:18789");
  });
});
