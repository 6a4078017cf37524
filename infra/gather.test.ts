import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { gather } from "./gather.ts";
import { Refusal } from "./refusal.ts";

const full = new Refusal("ACCOUNT_FULL", "no room", "remove some");
const overlap = new Refusal("ACCESS_OVERLAP", "another application", "delete it");
const pi = new pulumi.RunError("PI_NO_CURL: it has no curl\n  install it");
const busy = (path: string) => new Refusal("CLOUDFLARE_BUSY", `answered 429 to ${path}`, "wait");
const later = async <T>(value: T): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve));
  return value;
};

test("gives what each check has found, in their order", async () => {
  expect(await gather([later(1), Promise.resolve("two")])).toEqual([1, "two"]);
});

test("passes on a single refusal as it is", async () => {
  await expect(gather([later(1), Promise.reject(full)])).rejects.toBe(full);
});

test("lists refusals of every class, from nested checks too, each with its own way out", async () => {
  const inner = gather([Promise.reject(full), Promise.reject(overlap)]);
  await expect(gather([inner, Promise.reject(pi), later(1)])).rejects.toThrow(
    /^NOT_READY: 3 things .*\n {2}ACCOUNT_FULL: no room\n {4}remove some\n {2}ACCESS_OVERLAP: another application\n {4}delete it\n {2}PI_NO_CURL: it has no curl\n {4}install it$/,
  );
});

test("says once that Cloudflare does not answer", async () => {
  await expect(gather([Promise.reject(busy("/a")), Promise.reject(busy("/b"))])).rejects.toThrow(
    /^CLOUDFLARE_BUSY: answered 429 to \/a\n/,
  );
});

test("hides no mistake of the program's own behind refusals", async () => {
  const mistake = new TypeError("x is undefined");
  await expect(gather([Promise.reject(full), Promise.reject(mistake)])).rejects.toBe(mistake);
});
