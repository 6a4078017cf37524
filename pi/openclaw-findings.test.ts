import { expect, test } from "vitest";

const { newFindings } = await import(new URL("openclaw-findings.mjs", import.meta.url).href);

const finding = (checkId: string) => ({ checkId, severity: "critical", title: checkId });
const proxied = finding("gateway.trusted_proxy_auth");
const old = finding("hooks.path_root");

test("what a change makes critical is new unless it was there before or is meant", () => {
  const found = finding("gateway.http.no_auth");
  expect(newFindings([old], [old, found], [])).toEqual([found]);
  expect(newFindings([old], [], [])).toEqual([]);
  expect(newFindings([], [proxied], [])).toEqual([proxied]);
  expect(newFindings([], [proxied], [proxied.checkId])).toEqual([]);
});

test("an audit that does not answer stops nothing", () => {
  expect(newFindings(undefined, [old], [])).toEqual([]);
  expect(newFindings([old], undefined, [])).toEqual([]);
});
