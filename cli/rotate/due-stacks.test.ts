import { expect, test } from "vitest";
import { Refusal } from "../../infra/refusal.ts";
import type { Age } from "./due.ts";
import { agesOfStacks } from "./due-stacks.ts";

const never = new AbortController().signal;
const age = (stack: string): Age => ({ stack, target: "api-key", maxDays: 180, due: false, words: "" });

test("one stack that cannot be looked at hides no other, and is told of with why", async () => {
  const { ages, failed } = await agesOfStacks(
    ["anna", "ben", "cleo", "dora"],
    async (name) => {
      if (name === "anna") throw new Refusal("PASSPHRASE_FILE", "it cannot be read", "name the file");
      if (name === "cleo") throw new SyntaxError("not a config");
      return [age(name)];
    },
    never,
  );
  expect(ages.map(({ stack }) => stack)).toEqual(["ben", "dora"]);
  expect(failed).toEqual([
    { stack: "anna", code: "PASSPHRASE_FILE", why: "PASSPHRASE_FILE: it cannot be read\n  name the file" },
    { stack: "cleo", code: "UNEXPECTED", why: "not a config" },
  ]);
});

test("goes on with those that wait when the first ones cannot be looked at", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `stack-${index}`);
  const { ages, failed } = await agesOfStacks(
    names,
    async (name) => {
      if (names.indexOf(name) < 4) throw new Error("away");
      return [age(name)];
    },
    never,
  );
  expect([failed.length, ages.length]).toEqual([4, 8]);
});

test("looks at some at a time, and tells in the order of the names", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `stack-${index}`);
  let [now, most] = [0, 0];
  const { ages } = await agesOfStacks(
    names,
    async (name) => {
      now++;
      most = Math.max(most, now);
      // The first ones take the longest.
      for (let turn = names.indexOf(name); turn < 12; turn++) await new Promise(setImmediate);
      now--;
      return [age(name)];
    },
    never,
  );
  expect(most).toBe(4);
  expect(ages.map(({ stack }) => stack)).toEqual(names);
});

test("starts no further one after Ctrl-C", async () => {
  const interruption = new AbortController();
  const looked: string[] = [];
  const looking = agesOfStacks(
    Array.from({ length: 12 }, (_, index) => `stack-${index}`),
    async (name) => {
      looked.push(name);
      interruption.abort();
      return [];
    },
    interruption.signal,
  );
  await expect(looking).rejects.toThrow("Interrupted");
  expect(looked.length).toBeLessThanOrEqual(4);
});
