import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { refusal } from "../testing/refusal.ts";

const script = "export default { fetch: () => new Response('hello') };";

describe("an account without Zero Trust and without a workers.dev name", () => {
  let cloudflare: TestCloudflare;
  let account_id: string;

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(235, { zeroTrust: false, workersSubdomain: false });
    account_id = cloudflare.local.accountId;
  });
  afterAll(() => cloudflare?.local.close());

  it.each(["organizations", "apps", "policies", "groups", "identity_providers", "service_tokens", "keys"])(
    "answers that Access is not enabled when asked for %s",
    async (family) => {
      const asked = cloudflare.client.get(`/accounts/${account_id}/access/${family}`);
      await expect(asked).rejects.toThrow("access.api.error.not_enabled: Access is not enabled.");
      expect(await refusal(asked)).toEqual([403, 9999]);
    },
  );

  it("speaks of a missing permission before that", async () => {
    const apiToken = cloudflare.local.issueApiToken({ without: ["Access: Service Tokens Write"] });
    const client = cloudflare.client.withOptions({ apiToken });
    expect(await refusal(client.zeroTrust.access.serviceTokens.list({ account_id }).asResponse())).toEqual([
      403, 10000,
    ]);
  });

  it("has tunnels all the same", async () => {
    const tunnels = cloudflare.client.zeroTrust.tunnels.cloudflared;
    const { id = "" } = await tunnels.create({ account_id, name: "t", config_src: "cloudflare" });
    await tunnels.delete(id, { account_id });
  });

  it("says that there is no workers.dev name, and takes no Worker before there is one", async () => {
    expect(await refusal(cloudflare.client.workers.subdomains.get({ account_id }))).toEqual([404, 10007]);
    expect(await refusal(uploadScript(cloudflare, "w", script))).toEqual([400, 10063]);
  });
});

describe("an account at its limits", () => {
  let cloudflare: TestCloudflare;
  let account_id: string;

  beforeAll(async () => {
    const one = { accessApplications: 1, accessPolicies: 1, accessGroups: 1, serviceTokens: 1 };
    cloudflare = await startTestCloudflare(236, {
      limits: { ...one, tunnels: 1, vpcServices: 1, workers: 1, cronTriggers: 2, identityProviders: 2 },
    });
    account_id = cloudflare.local.accountId;
  });
  afterAll(() => cloudflare?.local.close());

  it("takes one more neither of tunnels nor of VPC services, and one again when one is deleted", async () => {
    const { client } = cloudflare;
    const tunnel = (name: string) =>
      client.zeroTrust.tunnels.cloudflared.create({ account_id, name, config_src: "cloudflare" });
    const { id: tunnel_id = "" } = await tunnel("one");
    expect((await refusal(tunnel("two")))[0]).toBe(400);
    const service = (name: string) =>
      client.connectivity.directory.services.create({
        account_id,
        type: "http",
        name,
        http_port: 18789,
        host: { ipv4: "127.0.0.1", network: { tunnel_id } },
      });
    const { service_id } = await service("one");
    expect((await refusal(service("two")))[0]).toBe(400);
    await client.connectivity.directory.services.delete(service_id as string, { account_id });
    await client.zeroTrust.tunnels.cloudflared.delete(tunnel_id, { account_id });
    await tunnel("two");
  });

  it("takes one more of nothing that belongs to Access", async () => {
    const { access, identityProviders } = cloudflare.client.zeroTrust;
    const domain = (name: string) => `${name}.${cloudflare.local.workersSubdomain}.workers.dev`;
    const everyone = { include: [{ everyone: {} }] };
    const makes: ((name: string) => Promise<unknown>)[] = [
      (name) => access.applications.create({ account_id, type: "self_hosted", name, domain: domain(name) }),
      (name) => access.policies.create({ account_id, name, decision: "allow", ...everyone }),
      (name) => access.groups.create({ account_id, name, ...everyone }),
      (name) => access.serviceTokens.create({ account_id, name }),
      (name) =>
        identityProviders.create({
          account_id,
          name,
          type: "google",
          config: { client_id: "id", client_secret: "secret" },
        }),
    ];
    for (const make of makes) {
      await make("one");
      const asked = make("two");
      await expect(asked).rejects.toThrow(/maximum number of [a-z ]+ has been reached/);
      expect(await refusal(asked)).toEqual([400, 12130]);
    }
  });

  it("takes one more neither of Workers nor of cron triggers, and the same Worker again", async () => {
    await uploadScript(cloudflare, "one", script);
    await uploadScript(cloudflare, "one", script);
    expect(await refusal(uploadScript(cloudflare, "two", script))).toEqual([400, 10037]);
    const schedule = (...crons: string[]) =>
      cloudflare.client.workers.scripts.schedules.update("one", {
        account_id,
        body: crons.map((cron) => ({ cron })),
      });
    await schedule("*/5 * * * *", "0 3 * * *");
    expect(await refusal(schedule("*/5 * * * *", "0 3 * * *", "0 4 * * *"))).toEqual([400, 10072]);
    await schedule("0 4 * * *", "0 3 * * *");
  });
});

describe("names and numbers that are taken", () => {
  let cloudflare: TestCloudflare;
  let account_id: string;

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(237, { zones: ["example.com"] });
    account_id = cloudflare.local.accountId;
  });
  afterAll(() => cloudflare?.local.close());

  it("are a tunnel's on a rename too, and free again once it is deleted", async () => {
    const tunnels = cloudflare.client.zeroTrust.tunnels.cloudflared;
    const create = (name: string) => tunnels.create({ account_id, name, config_src: "cloudflare" });
    const [one, two] = [await create("one"), await create("two")];
    expect(await refusal(tunnels.edit(two.id as string, { account_id, name: "one" }))).toEqual([409, 1013]);
    await tunnels.delete(one.id as string, { account_id });
    await tunnels.edit(two.id as string, { account_id, name: "one" });
  });

  it("are a custom domain's that another Worker has", async () => {
    await uploadScript(cloudflare, "one", script);
    await uploadScript(cloudflare, "two", script);
    const [zone] = (await cloudflare.client.zones.list()).result;
    const take = (service: string) =>
      cloudflare.client.workers.domains.update({
        account_id,
        hostname: "claw.example.com",
        service,
        zone_id: zone?.id as string,
      });
    await take("one");
    await take("one");
    expect(await refusal(take("two"))).toEqual([409, 100116]);
  });

  it("are the one place for a one-time code among the login methods", async () => {
    const { identityProviders } = cloudflare.client.zeroTrust;
    const make = () =>
      identityProviders.create({ account_id, name: "codes", type: "onetimepin", config: {} });
    expect(await refusal(make())).toEqual([409, 12132]);
    const [had] = (await identityProviders.list({ account_id })).result;
    await identityProviders.delete(had?.id as string, { account_id });
    expect(cloudflare.local.resources()).not.toContainEqual(expect.stringContaining("identity provider"));
    await make();
    expect(cloudflare.local.resources()).toContainEqual(expect.stringContaining("identity provider codes"));
  });

  it("are for a login method what its type needs, and nothing of it that is in use goes", async () => {
    const { identityProviders, access } = cloudflare.client.zeroTrust;
    const make = (config: object) =>
      identityProviders.create({ account_id, name: "work", type: "github", config });
    expect(await refusal(make({ client_id: "id" }))).toEqual([400, 12130]);
    const { id = "", ...made } = await make({ client_id: "id", client_secret: "hidden" });
    const seen = [made, await identityProviders.get(id, { account_id })];
    for (const one of seen) expect(one).toMatchObject({ config: { client_id: "id" } });
    expect(JSON.stringify(seen)).not.toContain("hidden");
    const group = await access.groups.create({
      account_id,
      name: "team",
      include: [{ login_method: { id } }],
    });
    expect(await refusal(identityProviders.delete(id, { account_id }))).toEqual([409, 12132]);
    await access.groups.delete(group.id as string, { account_id });
    const domain = `work.${cloudflare.local.workersSubdomain}.workers.dev`;
    const app = { account_id, type: "self_hosted" as const, name: "app", domain, allowed_idps: [id] };
    const { id: appId = "" } = await access.applications.create(app);
    expect(await refusal(identityProviders.delete(id, { account_id }))).toEqual([409, 12132]);
    await access.applications.delete(appId, { account_id });
    await identityProviders.delete(id, { account_id });
  });

  it("are an application's precedences", async () => {
    const { policies, applications } = cloudflare.client.zeroTrust.access;
    const make = async (name: string) => {
      const policy = { account_id, name, decision: "allow" as const, include: [{ everyone: {} }] };
      return (await policies.create(policy)).id as string;
    };
    const ids = [await make("a"), await make("b")];
    const asked = applications.create({
      account_id,
      type: "self_hosted",
      name: "app",
      domain: "claw.example.com",
      policies: ids.map((id) => ({ id, precedence: 1 })),
    });
    await expect(asked).rejects.toThrow("policy precedences must be unique");
  });
});
