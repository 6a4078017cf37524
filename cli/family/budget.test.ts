import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type Budgeted, openBudget } from "./budget.ts";
import { type Result, untouched } from "./operation.ts";
import { otherRuns } from "./other-runs.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const api = { baseUrl: "https://api.example.com/client/v4", token: `cfut_${"a".repeat(48)}` };
const never = new AbortController().signal;
const done = (changes: Result["changes"]): Result => ({ ...untouched("s", "ok"), changes });

test("never lets more through in a window than there is, however many want to at once", async () => {
  const budget = openBudget({ calls: 120, windowSeconds: 60 }, never);
  const begun: number[] = [];
  const runs = Array.from({ length: 10 }, async () => {
    const end = await budget.take("up", () => {});
    begun.push(Date.now());
    end(done({ create: 16 }));
  });
  await vi.runAllTimersAsync();
  await Promise.all(runs);
  // 32 calls each: three fit.
  for (const at of begun)
    expect(begun.filter((one) => one >= at && one < at + 60_000).length).toBeLessThanOrEqual(3);
  expect(Math.max(...begun) - Math.min(...begun)).toBe(3 * 60_000);
});

test("gives back what an operation did not need, and says how long another waits", async () => {
  const budget = openBudget({ calls: 44, windowSeconds: 60 }, never);
  (await budget.take("up", () => {}))(done({ same: 16 }));
  const waits: number[] = [];
  (await budget.take("up", (seconds) => waits.push(seconds)))(done({ create: 16 }));
  expect(waits).toEqual([]);
  const third = budget.take("up", (seconds) => waits.push(seconds));
  await vi.advanceTimersByTimeAsync(60_000);
  await third;
  expect(waits).toEqual([60]);
});

test("counts what other runs have called, before it and beside it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "calls-"));
  const open = () => openBudget({ calls: 40, windowSeconds: 60 }, never, otherRuns(api, folder));
  const before = await open().take("up", () => {});
  const waits: number[] = [];
  let isBegun = false;
  const second = open()
    .take("up", (seconds) => waits.push(seconds))
    .then((end) => {
      isBegun = true;
      return end;
    });
  await vi.advanceTimersByTimeAsync(30_000);
  before(done({ create: 16 }));
  await vi.advanceTimersByTimeAsync(59_000);
  expect([isBegun, waits]).toEqual([false, [60]]);
  await vi.advanceTimersByTimeAsync(6_000);
  (await second)(done({ same: 16 }));
  // A third one fits beside the eight of the second.
  await open().take("up", (seconds) => waits.push(seconds));
  expect(waits).toEqual([60]);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(otherRuns(api, folder).read()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test("counts together what Cloudflare counts together, and keeps no token", async () => {
  const folder = mkdtempSync(join(tmpdir(), "calls-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const accounts = { ...api, token: `cfat_${"b".repeat(48)}` };
  const counted = (one: typeof api) => otherRuns(one, folder).read().length;
  for (const one of [api, accounts]) otherRuns(one, folder).tell([{ until: Date.now() + 1_000, calls: 1 }]);
  // A person's tokens share the person's calls; an account's have their own.
  expect(counted({ ...api, token: `cfut_${"c".repeat(48)}` })).toBe(1);
  expect(counted(accounts)).toBe(1);
  expect(counted({ ...accounts, token: `cfat_${"d".repeat(48)}` })).toBe(0);
  expect(counted({ ...api, baseUrl: "http://127.0.0.1:9" })).toBe(0);
  for (const name of readdirSync(folder))
    expect(`${name}${readFileSync(join(folder, name), "utf8")}`).not.toMatch(/cf[au]t|a{12}|b{12}/);
});

test("waits for one that still runs, and no longer once it is interrupted", async () => {
  const interruption = new AbortController();
  const budget = openBudget({ calls: 40, windowSeconds: 60 }, interruption.signal);
  await budget.take("up", () => {});
  const second = budget.take("up", () => {});
  await vi.advanceTimersByTimeAsync(1);
  interruption.abort();
  await vi.advanceTimersByTimeAsync(1);
  await second;
});

test.each<[string, number, Budgeted, Result["changes"]]>([
  ["an up of a large stack, more than was reserved", 8 + 60, "up", { create: 40 }],
  ["a preview, which has changed nothing, at most that", 24, "preview", { create: 40 }],
  ["what ended without a word of what it did, all that was reserved", 32, "up", {}],
  ["a look that found nothing to change", 8, "up", { same: 16 }],
  ["how a stack is, all that was reserved", 4, "look", {}],
])("counts of %s: %i", async (_what, counted, operation, changes) => {
  for (const [calls, isWaiting] of [
    [counted + 12, false],
    [counted + 11, true],
  ] as const) {
    const budget = openBudget({ calls, windowSeconds: 60 }, never);
    (await budget.take(operation, () => {}))({ ...untouched("s", "ok"), changes });
    let waits = 0;
    const next = budget.take("destroy", () => {
      waits += 1;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    await next;
    expect(waits > 0).toBe(isWaiting);
  }
});
