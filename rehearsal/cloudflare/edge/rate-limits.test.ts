import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { visit } from "../testing/browse.ts";
import { createRateLimits } from "./rate-limits.ts";

const bindingOf = (name: string, namespace: number, limit: number, period: 10 | 60 = 60) => ({
  type: "ratelimit",
  name,
  namespace_id: String(namespace),
  simple: { limit, period },
});

describe("the counters", () => {
  it("begin anew with each period", () => {
    let now = 1_000_000_000;
    const { count } = createRateLimits(() => now);
    const [short, long] = [bindingOf("SHORT", 1, 1, 10), bindingOf("LONG", 1, 1, 60)];
    expect([count(short, "a"), count(short, "a"), count(short, "b"), count(long, "a")]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    now += 10_000;
    expect([count(short, "a"), count(long, "a")]).toEqual([true, false]);
    now += 60_000;
    expect(count(long, "a")).toBe(true);
  });
});

describe("the bindings", { timeout: 30_000 }, () => {
  let cloudflare: TestCloudflare;
  /** Asks the binding and the key that its path names. */
  const source = `export default {
    async fetch(request, env) {
      const [, name, key] = new URL(request.url).pathname.split("/");
      return Response.json(await env[name].limit({ key }));
    },
  };`;
  const publish = async (name: string, ...bindings: unknown[]) => {
    await uploadScript(cloudflare, name, source, { bindings });
    const { accountId: account_id } = cloudflare.local;
    await cloudflare.client.workers.scripts.subdomain.create(name, { account_id, enabled: true });
  };
  const within = async (script: string, binding: string, key: string): Promise<boolean> => {
    const url = `https://${script}.${cloudflare.local.workersSubdomain}.workers.dev/${binding}/${key}`;
    return JSON.parse((await visit(cloudflare.browser, url)).body).success;
  };

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(245, { now: () => 1_000_000_000 });
  });
  afterAll(() => cloudflare?.local.close());

  it("count by key, each with its own limit", async () => {
    await publish("limited", bindingOf("ONE", 1, 1), bindingOf("TWO", 2, 2, 10));
    expect([await within("limited", "ONE", "a"), await within("limited", "ONE", "a")]).toEqual([true, false]);
    expect(await within("limited", "ONE", "b")).toBe(true);
    expect([await within("limited", "TWO", "a"), await within("limited", "TWO", "a")]).toEqual([true, true]);
  });

  it("share their counters with every Worker of the account that names the namespace", async () => {
    await publish("first", bindingOf("ONE", 3, 1), bindingOf("TWO", 4, 1));
    await publish("second", bindingOf("ONE", 3, 1), bindingOf("TWO", 5, 1));
    expect(await within("first", "ONE", "a")).toBe(true);
    expect(await within("second", "ONE", "a")).toBe(false);
    expect([await within("first", "TWO", "a"), await within("second", "TWO", "a")]).toEqual([true, true]);
    await publish("first", bindingOf("ONE", 3, 1));
    expect(await within("first", "ONE", "a")).toBe(false);
  });
});
