import { expect, test } from "vitest";
import { configSchema } from "../../infra/config.ts";
import { judge } from "./due.ts";
import type { Record } from "./record.ts";
import { ageTable } from "./words.ts";

const { rotation } = configSchema.shape;
const now = new Date("2030-07-01T00:00:00Z");
const none: Record = { rotated: {}, pending: {}, kept: {} };
const target = "service-token:cli";

function age(record: Partial<Record> = {}, known: { since?: string; expiresAt?: string } = {}) {
  const scene = {
    stack: { name: "home" },
    config: { rotation: rotation.parse({}) },
    record: { ...none, ...record },
  };
  return judge(
    scene as never,
    target,
    { maxDays: 180, since: undefined, expiresAt: undefined, ...known },
    now,
  );
}

test("counts from the last rotation, else from when it was made", () => {
  const since = "2029-01-01T00:00:00Z";
  expect(age({}, { since })).toMatchObject({ days: 546, due: true, words: "older than 180 days" });
  const rotated = { [target]: "2030-06-01T00:00:00Z" };
  expect(age({ rotated }, { since })).toMatchObject({ days: 30, due: false, words: "" });
});

test("is due on the day that it may no longer be, and not before", () => {
  const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 3_600_000).toISOString();
  expect(age({}, { since: daysAgo(179) }).due).toBe(false);
  expect(age({}, { since: daysAgo(180) }).due).toBe(true);
});

test("names what expires soon, has expired, was cut, or is to be ended", () => {
  expect(age({}, { expiresAt: "2030-07-20T00:00:00Z" })).toMatchObject({
    due: true,
    words: "expires in 19 days",
  });
  expect(age({}, { expiresAt: "2030-06-20T00:00:00Z" })).toMatchObject({ due: true, words: "has expired" });
  expect(age({}, { expiresAt: "2030-08-20T00:00:00Z" }).due).toBe(false);
  const pending = (phase: "building" | "overlap", until: string) => ({
    pending: { [target]: { phase, until } },
  });
  expect(age(pending("building", "2030-07-02T00:00:00Z")).due).toBe(true);
  expect(age(pending("overlap", "2030-07-02T00:00:00.000Z")).due).toBe(false);
  expect(age(pending("overlap", "2030-06-30T00:00:00.000Z"))).toMatchObject({ due: true });
});

test("is a table on a terminal", () => {
  expect(ageTable([age({}, { since: "2029-01-01T00:00:00Z" })])).toBe(
    [
      "stack  secret             days old  at most  expires",
      "home   service-token:cli  546       180               due  older than 180 days",
    ].join("\n"),
  );
});
