import { expect, test } from "vitest";
import { judge } from "./account-limits.ts";

const uses = (workers: number, triggers: number) => [
  { what: "Workers", used: workers, most: 100 },
  { what: "cron triggers", used: triggers, most: 5 },
];

test("an account without room is refused with the counts, unless it is a paid one", () => {
  expect(() => judge(uses(100, 5), false, "free")).toThrow(
    /ACCOUNT_FULL[\s\S]*Workers: 100 of 100[\s\S]*cron triggers: 5 of 5/,
  );
  expect(judge(uses(100, 5), false, "paid")).toHaveLength(2);
});

test("what the stack has already needs no more room", () => {
  expect(judge(uses(3, 5), true, "free")).toEqual([
    "the account has 5 of the 5 cron triggers of the free plan",
  ]);
  expect(() => judge(uses(3, 5), false, "free")).toThrow("ACCOUNT_FULL");
  expect(judge(uses(3, 1), false, "free")).toEqual([]);
});
