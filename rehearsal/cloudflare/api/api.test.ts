import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { refusal } from "../testing/refusal.ts";

let cloudflare: TestCloudflare;
let account_id: string;
const script = "export default { fetch: () => new Response('hello') };";

beforeAll(async () => {
  cloudflare = await startTestCloudflare(253, { zones: ["example.com"] });
  account_id = cloudflare.local.accountId;
}, 30_000);
afterAll(() => cloudflare?.local.close());

describe("who may call", () => {
  const get = async (path: string, authorization?: string) => {
    const headers: Record<string, string> = authorization ? { authorization } : {};
    const answer = await fetch(`${cloudflare.local.apiUrl}${path}`, { headers });
    const body = (await answer.json()) as { errors: { code: number }[] };
    return [answer.status, body.errors[0]?.code];
  };

  it("verifies its own token and refuses every other", async () => {
    expect((await cloudflare.client.user.tokens.verify()).status).toBe("active");
    const wrong = `Bearer ${"w".repeat(40)}`;
    expect(await get("/user/tokens/verify", wrong)).toEqual([401, 1000]);
    expect(await get(`/accounts/${account_id}/tokens/verify`, wrong)).toEqual([401, 1000]);
    expect(await get(`/accounts/${account_id}/cfd_tunnel`, wrong)).toEqual([401, 10000]);
    for (const path of ["/accounts", `/accounts/${account_id}`, "/zones"])
      expect(await get(path, wrong)).toEqual([403, 9109]);
  });

  it("refuses what cannot be a token, and a call without one", async () => {
    for (const malformed of [
      "Bearer short",
      `Bearer ${"w".repeat(180)}`,
      "Bearer ",
      "Basic abc",
      "w".repeat(40),
    ])
      expect(await get("/accounts", malformed)).toEqual([400, 6003]);
    expect(await get(`/accounts/${account_id}/cfd_tunnel`)).toEqual([400, 9106]);
  });

  it("knows one account, and names a route it does not have", async () => {
    const mine = `Bearer ${cloudflare.local.apiToken}`;
    expect(await get(`/accounts/${"0".repeat(32)}/cfd_tunnel`, mine)).toEqual([403, 10000]);
    expect(await get(`/accounts/${account_id}/nothing`, mine)).toEqual([404, 7003]);
  });
});

describe("tunnels and VPC services", () => {
  it("starts a tunnel without configuration, refuses its name twice, and shows it as deleted", async () => {
    const { tunnels } = cloudflare.client.zeroTrust;
    const tunnel = await tunnels.cloudflared.create({ account_id, name: "one", config_src: "cloudflare" });
    const id = tunnel.id as string;
    expect(
      await refusal(tunnels.cloudflared.create({ account_id, name: "one", config_src: "cloudflare" })),
    ).toEqual([409, 1013]);
    expect((await tunnels.cloudflared.configurations.get(id, { account_id })).config).toBeNull();
    const token = await tunnels.cloudflared.token.get(id, { account_id });
    expect(JSON.parse(Buffer.from(token, "base64").toString())).toMatchObject({ a: account_id, t: id });
    expect(cloudflare.local.resources()).toContain(`tunnel one (${id})`);
    await tunnels.cloudflared.delete(id, { account_id });
    expect((await tunnels.cloudflared.get(id, { account_id })).deleted_at).toEqual(expect.any(String));
    expect(cloudflare.local.resources()).not.toContain(`tunnel one (${id})`);
    expect(await refusal(tunnels.cloudflared.delete(id, { account_id }))).toEqual([404, 1003]);
  });

  it("refuses a service without a tunnel or with mixed forms, and a tunnel that a service needs", async () => {
    const { services } = cloudflare.client.connectivity.directory;
    const { cloudflared } = cloudflare.client.zeroTrust.tunnels;
    const base = { account_id, type: "http" as const, name: "two", http_port: 18789 };
    const unknown = { ipv4: "127.0.0.1", network: { tunnel_id: "none" } };
    expect((await refusal(services.create({ ...base, host: unknown })))[0]).toBe(400);
    const tunnel = await cloudflared.create({ account_id, name: "two", config_src: "cloudflare" });
    const network = { tunnel_id: tunnel.id as string };
    expect(
      (await refusal(services.create({ ...base, host: { hostname: "localhost", network } as never })))[0],
    ).toBe(400);
    const service = await services.create({ ...base, host: { ipv4: "127.0.0.1", network } });
    expect(service).toMatchObject({
      service_id: expect.any(String),
      created_at: expect.any(String),
      http_port: 18789,
    });
    expect(await refusal(cloudflared.delete(tunnel.id as string, { account_id }))).toEqual([400, 1022]);
    await services.delete(service.service_id as string, { account_id });
    await cloudflared.delete(tunnel.id as string, { account_id });
  });
});

describe("Access", () => {
  it("refuses unknown references, a domain twice, foreign domains, and the deletion of what is in use", async () => {
    const { policies, applications, serviceTokens } = cloudflare.client.zeroTrust.access;
    const bad = { account_id, name: "p", decision: "non_identity" as const };
    expect(
      (await refusal(policies.create({ ...bad, include: [{ service_token: { token_id: "none" } }] })))[0],
    ).toBe(400);
    const token = await serviceTokens.create({ account_id, name: "t" });
    const policy = await policies.create({
      ...bad,
      include: [{ service_token: { token_id: token.id as string } }],
    });
    const app = { account_id, type: "self_hosted" as const, name: "a", domain: "claw.example.com" };
    expect((await refusal(applications.create({ ...app, policies: ["none"] })))[0]).toBe(400);
    expect((await refusal(applications.create({ ...app, domain: "claw.example.net" })))[0]).toBe(400);
    const made = await applications.create({
      ...app,
      policies: [{ id: policy.id as string, precedence: 1 }],
    });
    expect(await refusal(applications.create(app))).toEqual([409, 11010]);
    expect((await refusal(policies.delete(policy.id as string, { account_id })))[0]).toBe(409);
    expect(await refusal(serviceTokens.delete(token.id as string, { account_id }))).toEqual([400, 12139]);
    await applications.delete(made.id as string, { account_id });
    await policies.delete(policy.id as string, { account_id });
    await serviceTokens.delete(token.id as string, { account_id });
    expect(cloudflare.local.resources()).toEqual([]);
  });

  it("tells a client secret once, and anew after a rotation", async () => {
    const { serviceTokens } = cloudflare.client.zeroTrust.access;
    const token = await serviceTokens.create({ account_id, name: "t", duration: "8760h" });
    const id = token.id as string;
    expect(token.client_secret).toMatch(/^cfast_[A-Za-z0-9]{40}[0-9a-f]{8}$/);
    expect(await serviceTokens.get(id, { account_id })).not.toHaveProperty("client_secret");
    expect(await serviceTokens.update(id, { account_id, name: "renamed" })).not.toHaveProperty(
      "client_secret",
    );
    const rotated = (await serviceTokens.update(id, { account_id, name: "t", client_secret_version: 2 })) as {
      client_secret?: string;
    };
    expect(rotated.client_secret).toMatch(/^cfast_/);
    expect(rotated.client_secret).not.toBe(token.client_secret);
    await serviceTokens.delete(id, { account_id });
  });
});

describe("Workers", () => {
  const upload = (name: string, metadata: Record<string, unknown>, source = script) =>
    uploadScript(cloudflare, name, source, metadata);

  it("answers an upload's settings and content, without the text of secrets", {
    timeout: 20_000,
  }, async () => {
    const bindings = [
      { type: "plain_text", name: "PLAIN", text: "seen" },
      { type: "secret_text", name: "SECRET", text: "hidden" },
    ];
    await upload("s", { bindings });
    const path = `/accounts/${account_id}/workers`;
    const settings = (await cloudflare.client.get(`${path}/scripts/s/settings`)) as {
      result: { bindings: unknown };
    };
    expect(settings.result.bindings).toEqual([bindings[0], { type: "secret_text", name: "SECRET" }]);
    const service = (await cloudflare.client.get(`${path}/services/s`)) as {
      result: { default_environment: unknown };
    };
    expect(service.result.default_environment).toMatchObject({
      script: { id: "s", etag: expect.any(String) },
    });
    const headers = { authorization: `Bearer ${cloudflare.local.apiToken}` };
    const content = await fetch(`${cloudflare.local.apiUrl}${path}/scripts/s/content/v2`, { headers });
    const module = (await content.formData()).get("worker.js") as File;
    expect(await module.text()).toBe(script);
    await cloudflare.client.workers.scripts.delete("s", { account_id });
    expect(await refusal(cloudflare.client.workers.scripts.subdomain.get("s", { account_id }))).toEqual([
      404, 10007,
    ]);
  });

  it("refuses what cannot run", { timeout: 20_000 }, async () => {
    const vpc = { type: "vpc_service", name: "VPC", service_id: "none" };
    expect(await refusal(upload("s", { bindings: [vpc] }))).toEqual([403, 10196]);
    expect(await refusal(upload("s", { main_module: "other.js" }))).toEqual([400, 10021]);
    const limit = { type: "ratelimit", name: "RL", namespace_id: "1001", simple: { limit: 3, period: 30 } };
    expect(await refusal(upload("s", { bindings: [limit] }))).toEqual([400, 10021]);
    const text = { type: "plain_text", name: "LONG", text: "x".repeat(6000) };
    expect(await refusal(upload("s", { bindings: [text] }))).toEqual([400, 10021]);
    expect(await refusal(upload("s", {}, "export default {"))).toEqual([400, 10021]);
    expect(cloudflare.local.resources()).toEqual([]);
  });
});

it("records each call with its path and status", async () => {
  const before = cloudflare.local.calls.length;
  await cloudflare.client.workers.subdomains.get({ account_id });
  expect(cloudflare.local.calls.slice(before)).toEqual([
    { method: "GET", path: `/accounts/${account_id}/workers/subdomain`, status: 200 },
  ]);
});
