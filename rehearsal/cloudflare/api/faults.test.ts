import Cloudflare from "cloudflare";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { visit } from "../testing/browse.ts";
import { refusal } from "../testing/refusal.ts";

let cloudflare: TestCloudflare;
let account_id: string;
/** What the account's clock is ahead of the machine's. */
let aheadMs = 0;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(231, { now: () => Date.now() + aheadMs });
  account_id = cloudflare.local.accountId;
});
afterAll(() => cloudflare?.local.close());
afterEach(() => cloudflare.local.faults.clear());

const tunnels = () => cloudflare.client.zeroTrust.tunnels.cloudflared;
const create = (name: string) => tunnels().create({ account_id, name, config_src: "cloudflare" });
const names = async () =>
  (await tunnels().list({ account_id, is_deleted: false })).result.map(({ name }) => name);

describe("an answer that is lost", () => {
  it("leaves what was made, so that a retry finds its name taken", async () => {
    cloudflare.local.faults.loseAnswer("POST", /\/cfd_tunnel$/);
    await expect(create("lost")).rejects.toThrow(Cloudflare.APIConnectionError);
    expect(await names()).toContain("lost");
    expect(await refusal(create("lost"))).toEqual([409, 1013]);
    expect(
      cloudflare.local.calls.filter(({ method }) => method === "POST").map(({ status }) => status),
    ).toEqual([200, 409]);
  });
});

describe("one failure", () => {
  it("is answered once, and nothing is done", async () => {
    cloudflare.local.faults.failOnce("POST", /\/cfd_tunnel$/, 503);
    await tunnels().list({ account_id });
    expect((await refusal(create("failed")))[0]).toBe(503);
    expect(await names()).not.toContain("failed");
    await create("failed");
  });

  it("is got over by a client that retries", async () => {
    cloudflare.local.faults.failOnce("GET", /\/workers\/subdomain$/, 500);
    const retrying = cloudflare.client.withOptions({ maxRetries: 2 });
    expect((await retrying.workers.subdomains.get({ account_id })).subdomain).toBe(
      cloudflare.local.workersSubdomain,
    );
  });
});

describe("the budget of calls", () => {
  const ask = () =>
    fetch(`${cloudflare.local.apiUrl}/accounts`, {
      headers: { authorization: `Bearer ${cloudflare.local.apiToken}` },
    });

  it("answers 429 with the time to wait, until that has passed", async () => {
    cloudflare.local.faults.budget(2, 300);
    const statuses = [(await ask()).status, (await ask()).status];
    const over = await ask();
    expect([...statuses, over.status]).toEqual([200, 200, 429]);
    expect(over.headers.get("retry-after")).toBe("300");
    expect(await over.json()).toMatchObject({ success: false, errors: [{ code: 971 }] });
    aheadMs += 299_000;
    expect((await ask()).status).toBe(429);
    aheadMs += 1500;
    expect((await ask()).status).toBe(200);
  });

  it("begins anew with each window", async () => {
    cloudflare.local.faults.budget(1, 10);
    expect((await ask()).status).toBe(200);
    aheadMs += 10_000;
    expect((await ask()).status).toBe(200);
  });

  it("is 1,200 in five minutes for all tokens together", async () => {
    const other = cloudflare.local.issueApiToken();
    const get = (token: string) =>
      fetch(`${cloudflare.local.apiUrl}/zones`, { headers: { authorization: `Bearer ${token}` } });
    for (let i = 0; i < 600; i++)
      await Promise.all(
        [get(cloudflare.local.apiToken), get(other)].map(async (answer) => (await answer).text()),
      );
    expect((await get(other)).status).toBe(429);
  });
});

describe("a policy that propagates late", () => {
  it("leaves a new application out, and later changes, until then", async () => {
    const { client, local, browser } = cloudflare;
    const hostname = `late.${local.workersSubdomain}.workers.dev`;
    await uploadScript(cloudflare, "late", "export default { fetch: () => new Response('hello') };");
    await client.workers.scripts.subdomain.create("late", { account_id, enabled: true });
    const ask = async () => (await visit(browser, `https://${hostname}/`)).status;
    local.faults.policyDelay(45);
    const { policies, applications } = client.zeroTrust.access;
    const policy = { account_id, name: "anyone", include: [{ everyone: {} }] };
    const { id = "" } = await policies.create({ ...policy, decision: "allow" });
    const app = { account_id, type: "self_hosted" as const, name: "late", domain: hostname };
    await applications.create({ ...app, policies: [{ id, precedence: 1 }] });
    expect(await ask()).toBe(200); // as if there were no application
    aheadMs += 46_000;
    expect(await ask()).toBe(302);
    await policies.update(id, { ...policy, decision: "bypass" });
    expect((await policies.get(id, { account_id })).decision).toBe("bypass");
    expect(await ask()).toBe(302);
    aheadMs += 46_000;
    expect(await ask()).toBe(200);
    await policies.update(id, { ...policy, decision: "allow" });
    expect(await ask()).toBe(200);
    local.faults.clear();
    expect(await ask()).toBe(302);
  });
});
