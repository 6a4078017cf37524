import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StackOfFamily } from "./household.ts";
import { roomProblems } from "./room.ts";

const accountId = "a".repeat(32);

/** An account that has so many Workers and service tokens already. */
async function account(workers: readonly string[], tokens: readonly string[]) {
  const server = createServer((request, response) => {
    const tokensAsked = request.url?.includes("/access/service_tokens");
    const result = request.url?.includes("/workers/scripts")
      ? workers.map((id) => ({ id }))
      : tokensAsked
        ? tokens.map((name) => ({ name }))
        : [];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ success: true, errors: [], result }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t" };
}

async function stacks(count: number, config: object = {}): Promise<StackOfFamily[]> {
  const folder = await mkdtemp(join(tmpdir(), "room-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const file = join(folder, `Pulumi.s${index}.yaml`);
      const keys = Object.entries({ accountId, ...config }).map(([key, value]) => [
        `openclaw-gateway:${key}`,
        value,
      ]);
      await writeFile(file, JSON.stringify({ config: Object.fromEntries(keys) }));
      return { name: `s${index}`, ref: `s${index}`, backend: "", env: {}, file };
    }),
  );
}

const many = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

test("counts what is new against what a free account may have", async () => {
  const api = await account(many(98, "other"), many(48, "other"));
  expect(await roomProblems(await stacks(2), accountId, api)).toEqual([]);
  expect(await roomProblems(await stacks(3), accountId, api)).toEqual([
    expect.stringContaining("has 98 of the 100 Workers of the free plan, and 3 more"),
    expect.stringContaining("has 48 of the 50 service tokens of an account, and 3 more"),
  ]);
  expect(await roomProblems(await stacks(3, { serviceTokens: [] }), accountId, api)).toHaveLength(1);
  // A shared stack has a Worker for its probe, and no token.
  const shared = { shared: { alerts: { webhooks: [{ name: "phone" }] } } };
  expect(await roomProblems(await stacks(3, shared), accountId, api)).toEqual([
    expect.stringContaining("98 of the 100 Workers"),
  ]);
  expect(await roomProblems(await stacks(3, { shared: {} }), accountId, api)).toEqual([]);
});

test("does not count twice what is built, nor stacks of another account", async () => {
  const api = await account(["openclaw-s0", ...many(99, "other")], ["openclaw-s0-cli", ...many(49, "other")]);
  expect(await roomProblems(await stacks(1), accountId, api)).toEqual([]);
  expect(await roomProblems(await stacks(3, { accountId: "b".repeat(32) }), accountId, api)).toEqual([]);
});

test("counts by the plan that the stacks of the account name", async () => {
  const api = await account(many(499, "other"), []);
  const config = { plan: "paid", serviceTokens: [] };
  expect(await roomProblems(await stacks(2, config), accountId, api)).toEqual([
    expect.stringContaining("has 499 of the 500 Workers of the paid plan, and 2 more"),
  ]);
});
