import Cloudflare from "cloudflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiPermission, ApiTokenOptions } from "../index.ts";
import { programPermissions } from "../index.ts";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { refusal } from "../testing/refusal.ts";

let cloudflare: TestCloudflare;
let account_id: string;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(230, { zones: ["example.com"] });
  account_id = cloudflare.local.accountId;
});
afterAll(() => cloudflare?.local.close());

const as = (apiToken: string) =>
  new Cloudflare({ baseURL: cloudflare.local.apiUrl, apiToken, maxRetries: 0 });
const clientOf = (options: ApiTokenOptions) => as(cloudflare.local.issueApiToken(options));

describe("the two kinds of tokens", () => {
  it("verify each at their own address and are unknown at the other's", async () => {
    const [user, account] = [clientOf({ kind: "user" }), clientOf({ kind: "account" })];
    expect((await user.user.tokens.verify()).status).toBe("active");
    expect((await account.accounts.tokens.verify({ account_id })).status).toBe("active");
    expect(await refusal(user.accounts.tokens.verify({ account_id }))).toEqual([401, 1000]);
    expect(await refusal(account.user.tokens.verify())).toEqual([401, 1000]);
  });

  it("list accounts for a user and not for an account, and zones for both", async () => {
    const [user, account] = [clientOf({ kind: "user" }), clientOf({ kind: "account" })];
    expect((await user.accounts.list()).result.map(({ id }) => id)).toEqual([account_id]);
    expect(await refusal(account.accounts.list())).toEqual([400, 1001]);
    for (const client of [user, account])
      expect((await client.zones.list()).result.map(({ name }) => name)).toEqual(["example.com"]);
  });

  it("look as Cloudflare's secret scanners know them", () => {
    expect(cloudflare.local.issueApiToken()).toMatch(/^cfut_[A-Za-z0-9]{40}[0-9a-f]{8}$/);
    expect(cloudflare.local.issueApiToken({ kind: "account" })).toMatch(/^cfat_[A-Za-z0-9]{40}[0-9a-f]{8}$/);
  });
});

describe("a token that is not alive", () => {
  it.each(["disabled", "expired"] as const)(
    "tells that it is %s when verified, and opens nothing",
    async (state) => {
      const client = clientOf({ state });
      expect((await client.user.tokens.verify()).status).toBe(state);
      expect(await refusal(client.zeroTrust.tunnels.cloudflared.list({ account_id }).asResponse())).toEqual([
        401, 10000,
      ]);
      const ofAccount = clientOf({ kind: "account", state });
      expect((await ofAccount.accounts.tokens.verify({ account_id })).status).toBe(state);
    },
  );

  it("is unknown once revoked", async () => {
    const token = cloudflare.local.issueApiToken();
    expect((await as(token).user.tokens.verify()).status).toBe("active");
    cloudflare.local.revokeApiToken(token);
    expect(await refusal(as(token).user.tokens.verify())).toEqual([401, 1000]);
  });
});

describe("a token without one permission", () => {
  const get = (client: Cloudflare, path: string) => client.get(`/accounts/${account_id}${path}`);
  const post = (client: Cloudflare, path: string) =>
    client.post(`/accounts/${account_id}${path}`, { body: {} });
  const reads: [ApiPermission, string][] = [
    ["Cloudflare Tunnel Write", "/cfd_tunnel"],
    ["Access: Apps and Policies Write", "/access/apps"],
    ["Access: Apps and Policies Write", "/access/policies"],
    ["Access: Organizations, Identity Providers, and Groups Write", "/access/organizations"],
    ["Access: Organizations, Identity Providers, and Groups Write", "/access/groups"],
    ["Access: Organizations, Identity Providers, and Groups Write", "/access/identity_providers"],
    ["Access: Service Tokens Write", "/access/service_tokens"],
    ["Workers Scripts Write", "/workers/scripts"],
    ["Workers Scripts Write", "/workers/subdomain"],
    ["Notifications Write", "/alerting/v3/policies"],
  ];

  it.each(reads)("%s may not read %s, and may with all others alone", async (permission, path) => {
    expect(await refusal(get(clientOf({ without: [permission] }), path))).toEqual([403, 10000]);
    await get(clientOf({ permissions: [permission] }), path);
  });

  it.each(reads.filter(([, path]) => !path.startsWith("/workers") && path !== "/access/organizations"))(
    "but Read in place of %s may read %s and not write",
    async (permission, path) => {
      const client = clientOf({ permissions: [permission.replace(/Write$/, "Read") as ApiPermission] });
      await get(client, path);
      expect(await refusal(post(client, path))).toEqual([403, 10000]);
    },
  );

  it("may neither list nor read zones without Zone Read", async () => {
    const client = clientOf({ without: ["Zone Read"] });
    expect(await refusal(client.zones.list().asResponse())).toEqual([403, 0]);
    const [zone] = (await cloudflare.client.zones.list()).result;
    expect(await refusal(client.zones.get({ zone_id: zone?.id as string }))).toEqual([403, 0]);
  });

  it("may read VPC services by any of their three permissions, and change them by Admin alone", async () => {
    const path = "/connectivity/directory/services";
    const others = programPermissions.filter((one) => !one.startsWith("Connectivity"));
    expect(await refusal(get(clientOf({ permissions: others }), path))).toEqual([403, 10000]);
    for (const name of ["Read", "Bind", "Admin"] as const)
      await get(clientOf({ permissions: [`Connectivity Directory ${name}`] }), path);
    expect(await refusal(post(clientOf({ without: ["Connectivity Directory Admin"] }), path))).toEqual([
      403, 10000,
    ]);
  });

  it("may not upload a Worker with a VPC service without Connectivity Directory Bind", async () => {
    const { client } = cloudflare;
    const tunnel = await client.zeroTrust.tunnels.cloudflared.create({
      account_id,
      name: "t",
      config_src: "cloudflare",
    });
    const { service_id } = await client.connectivity.directory.services.create({
      account_id,
      type: "http",
      name: "s",
      http_port: 18789,
      host: { ipv4: "127.0.0.1", network: { tunnel_id: tunnel.id as string } },
    });
    const bound = { bindings: [{ type: "vpc_service", name: "VPC", service_id }] };
    const upload = (asked: Cloudflare, metadata: Record<string, unknown>) =>
      uploadScript(
        { ...cloudflare, client: asked },
        "w",
        "export default { fetch: () => new Response() };",
        metadata,
      );
    const unbinding = clientOf({ without: ["Connectivity Directory Bind"] });
    expect(await refusal(upload(unbinding, bound))).toEqual([403, 10196]);
    await upload(unbinding, {});
    await upload(client, bound);
  });

  it("does not give away a tunnel's token to who may only read tunnels", async () => {
    const client = clientOf({ permissions: ["Cloudflare Tunnel Read"] });
    const tunnels = client.zeroTrust.tunnels.cloudflared;
    for await (const { id = "" } of tunnels.list({ account_id }))
      expect(await refusal(tunnels.token.get(id, { account_id }))).toEqual([403, 10000]);
    expect.hasAssertions();
  });

  it("revokes sessions by the narrow permissions too", async () => {
    const client = clientOf({ permissions: ["Access: Organizations Revoke"] });
    await client.zeroTrust.organizations.revokeUsers({ account_id, email: "ann@example.com" });
    expect(await refusal(client.zeroTrust.organizations.list({ account_id }))).toEqual([403, 10000]);
  });
});
