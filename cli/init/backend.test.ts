import { homedir } from "node:os";
import { expect, test } from "vitest";
import { backendKey } from "./backend.ts";
import { projectFolder } from "./places.ts";

test.each([
  ["a home folder", "file://~", `file://${homedir()}`],
  ["a folder in it", "file://~/state/", `file://${homedir()}/state`],
  ["a folder that ends in a slash", "file:///srv/state/", "file:///srv/state"],
  ["a folder from the project's", "file://./state", `file://${projectFolder()}/state`],
  ["a bucket with a slash", "s3://family-state/", "s3://family-state"],
])("takes %s for the same however it is written", (_what, url, same) => {
  expect(backendKey(url)).toBe(backendKey(same));
});

test("keeps what is another backend apart", () => {
  const urls = [
    "file://~",
    "file://~other",
    "file:///srv",
    "s3://a",
    "s3://a?region=b",
    "https://api.pulumi.com",
  ];
  expect(new Set(urls.map(backendKey)).size).toBe(urls.length);
});
