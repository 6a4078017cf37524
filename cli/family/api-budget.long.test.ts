import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { Result } from "./operation.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

const names = ["ada", "bob", "cleo"];
/** Enough for two new stacks at a time and not for three; a window that three ups side by side end within. */
const [allowed, windowSeconds] = [60, 30];

describe("an API that allows few calls", { timeout: 300_000 }, () => {
  let cloudflare: TestCloudflare;
  let home: TestHousehold;
  beforeAll(async () => {
    cloudflare = await startTestCloudflare(156);
    home = await openTestHousehold(cloudflare);
    for (const name of names) await home.add(name);
  }, 120_000);
  afterAll(async () => {
    await home?.close();
    await cloudflare?.local.close();
  });

  /** What is said of stacks that wait, and what Cloudflare has refused. */
  async function up(...limit: string[]) {
    const { calls, faults } = cloudflare.local;
    faults.budget(allowed, windowSeconds);
    const before = calls.length;
    const { code, stdout, stderr } = await home.family(["up", "--all", "--yes", "--json", ...limit], {
      timeoutMs: 250_000,
    });
    const refused = calls.slice(before).filter(({ status }) => status === 429).length;
    faults.clear();
    const { results } = JSON.parse(stdout) as { results: Result[] };
    const words = new RegExp(
      `: waiting, for at most ${windowSeconds} s, until Cloudflare's API may be asked more`,
      "g",
    );
    return { code, results, calls: calls.length - before, refused, waits: stderr.match(words)?.length ?? 0 };
  }

  test("is not overrun by an up of all that is told so", async () => {
    const { code, results, calls, refused, waits } = await up(
      "--api-calls",
      `${allowed - 10}/${windowSeconds}`,
    );
    expect(results.map(({ stack, status }) => `${stack} ${status}`)).toEqual(
      names.map((name) => `${name} ok`),
    );
    expect({ code, refused, waits }).toEqual({ code: 0, refused: 0, waits: 2 });
    // It had to be more than fits at once.
    expect(calls).toBeGreaterThan(allowed);
  });

  test("is overrun by one that is not", async () => {
    expect((await home.family(["destroy", "--all", "--yes"])).code).toBe(0);
    const { refused, waits } = await up();
    expect(waits).toBe(0);
    expect(refused).toBeGreaterThan(0);
  });

  test("has what is left taken off afterwards", async () => {
    const { code, stderr } = await home.family(["destroy", "--all", "--yes"]);
    expect(code, stderr).toBe(0);
    expect(cloudflare.local.resources()).toEqual([]);
  });
});
