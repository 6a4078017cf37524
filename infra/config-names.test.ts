import { expect, test } from "vitest";
import { checkConfig } from "./config.ts";
import { goodConfig as good, problemsOf } from "./testing/config-problems.ts";

test("takes names of the gateway that are told apart, each once, and a zone with its hostname only", () => {
  const names = { hostname: "ai.example.com", zoneId: "0".repeat(32), alsoHostnames: ["workers.dev"] };
  expect(checkConfig("dev", { ...good, ...names })).toMatchObject(names);
  const keys = (raw: object) =>
    [...problemsOf({ ...good, ...raw }).keys()].map((key) => key.replace(/^.*:/, ""));
  for (const hostname of ["https://ai.example.com", "AI.example.com", "example", "x.me.workers.dev"])
    expect(keys({ hostname }), hostname).toEqual(["hostname"]);
  expect(keys({ alsoHostnames: ["workers.dev"] })).toEqual(["alsoHostnames[0]"]);
  const twice = ["a.example.com", "b.example.com", "a.example.com"];
  expect(keys({ alsoHostnames: twice })).toEqual(["alsoHostnames[2]"]);
  expect(keys({ alsoHostnames: "abcde".split("").map((one) => `${one}.example.com`) })).toEqual([
    "alsoHostnames",
  ]);
  expect(keys({ zoneId: "0".repeat(32) })).toEqual(["zoneId"]);
  expect(keys({ tunnel: { id: "house" } })).toEqual(["tunnel.id"]);
  const id = "12345678-1234-1234-1234-123456789abc";
  expect(keys({ tunnel: { id, secret: Buffer.alloc(32).toString("base64") } })).toEqual(["tunnel.secret"]);
});

test("wants the end of the secret before with a raised version, and a tunnel's secret of 32 bytes", () => {
  const rotated = (token: object, secret?: string) => [
    ...problemsOf({ ...good, serviceTokens: [{ name: "cli", ...token }], tunnel: { secret } }).keys(),
  ];
  const until = { previousSecretExpiresAt: "2030-01-31T12:00:00Z" };
  expect(rotated({ secretVersion: 2 })).toEqual([
    "openclaw-gateway:serviceTokens[0].previousSecretExpiresAt",
  ]);
  expect(rotated({ secretVersion: 2, ...until }, Buffer.alloc(32).toString("base64"))).toEqual([]);
  expect(rotated({}, Buffer.alloc(31).toString("base64"))).toEqual(["openclaw-gateway:tunnel.secret"]);
});
