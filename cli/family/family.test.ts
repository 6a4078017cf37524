import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

describe("npm run family", { timeout: 240_000 }, () => {
  let cloudflare: TestCloudflare;
  let home: TestHousehold;

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(150);
    home = await openTestHousehold(cloudflare.local);
    for (const name of ["ada", "bob", "cleo"]) await home.add(name);
  });
  afterAll(async () => {
    await home?.close();
    await cloudflare?.local.close();
  });

  test("builds all stacks, and then finds nothing to change", async () => {
    const first = await home.family(["up", "--all", "--yes"]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(/^ada +ok +\d+ created +[\d.]+$/m);
    const second = await home.family(["preview", "--all", "--json"]);
    expect(JSON.parse(second.stdout).results).toEqual(
      ["ada", "bob", "cleo"].map((stack) => ({
        stack,
        status: "ok",
        seconds: expect.any(Number),
        changes: { same: expect.any(Number) },
      })),
    );
  });
});
