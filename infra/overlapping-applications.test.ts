import { expect, test } from "vitest";
import { judgeApplications, type ListedApplication } from "./overlapping-applications.ts";

const hostname = "openclaw-home.family.workers.dev";
const bypass = [{ name: "everyone", decision: "bypass" }];
const judge = (...applications: Omit<ListedApplication, "id">[]) =>
  judgeApplications(
    applications.map((application, index) => ({ id: String(index), ...application })),
    [hostname],
    "0".repeat(32),
  );

test("says nothing of the stack's own application, nor of those at other addresses", () => {
  expect(
    judge(
      { name: "own", domain: hostname, destinations: [{ type: "public", uri: hostname }] },
      { name: "other", domain: `x.${hostname}` },
      { name: "path elsewhere", domain: "blog.family.workers.dev/openclaw-home.family.workers.dev" },
      { name: "wildcard elsewhere", domain: "*.example.com" },
      { name: "a level below", domain: `*.${hostname}` },
    ),
  ).toEqual([]);
});

test.each([
  [{ name: "team", domain: "*.family.workers.dev" }, '"team" is for *.family.workers.dev too'],
  [{ name: "part", domain: "openclaw-*.family.workers.dev" }, "openclaw-*.family.workers.dev"],
  [
    { name: "account", destinations: [{ type: "all_workers" }] },
    '"account" is for every Worker of the account too',
  ],
  [{ name: "open", domain: "*.family.workers.dev", policies: bypass }, "without a login (Bypass)"],
])("notes one around it: %j", (application, words) => {
  expect(judge(application)).toEqual([expect.stringContaining(words)]);
});

test.each([`${hostname}/v1`, `${hostname}/chat.html`, `${hostname.toUpperCase()}/v1/*`])(
  "refuses one for a part of its address: %s",
  (domain) => {
    expect(() => judge({ name: "hole", domain, policies: bypass })).toThrow(
      /ACCESS_OVERLAP: [\s\S]*"hole", whose policy "everyone" lets everybody through/,
    );
    expect(() => judge({ name: "hole", destinations: [{ type: "public", uri: domain }] })).toThrow(
      "ACCESS_OVERLAP",
    );
  },
);
