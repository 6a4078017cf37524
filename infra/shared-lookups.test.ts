import { expect, test } from "vitest";
import { lookup, shareLookups } from "./shared-lookups.ts";

test("asks each time, until programs of a process share what they are told", async () => {
  let asked = 0;
  const ask = async () => ++asked;
  expect([await lookup("a", ask), await lookup("a", ask)]).toEqual([1, 2]);
  shareLookups();
  expect([await lookup("a", ask), await lookup("a", ask), await lookup("b", ask)]).toEqual([3, 3, 4]);
  const fail = async () => {
    asked += 1;
    throw new Error("no answer");
  };
  await expect(lookup("c", fail)).rejects.toThrow("no answer");
  expect(await lookup("c", ask)).toBe(6);
});

test("hands a key on without what it was made of", async () => {
  const keys: string[] = [];
  shareLookups({
    lookup: (key, ask) => {
      keys.push(key);
      return ask();
    },
  });
  await lookup("account SECRET", async () => 1);
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
});
