import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StackOfFamily } from "./household.ts";
import { gatewayConfig, inWaves } from "./shared-stacks.ts";

const shared = { gateways: ["mia"], alerts: { emails: ["owner@example.com"] } };

/** Stacks with these configs. */
async function stacks(configs: Readonly<Record<string, object>>): Promise<StackOfFamily[]> {
  const folder = await mkdtemp(join(tmpdir(), "shared-stacks-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return Promise.all(
    Object.entries(configs).map(async ([name, config]) => {
      const file = join(folder, `Pulumi.${name}.yaml`);
      await writeFile(file, JSON.stringify({ config }));
      return { name, backend: "", env: {}, file };
    }),
  );
}

test("gateways are built before the shared stack that watches them, and go after it", async () => {
  const all = await stacks({ alerts: { "openclaw-gateway:shared": shared }, ben: {}, mia: {} });
  const names = async (operation: "up" | "preview" | "destroy") =>
    (await inWaves(operation, all)).map((wave) => wave.map(({ name }) => name));
  expect(await names("up")).toEqual([["ben", "mia"], ["alerts"]]);
  expect(await names("destroy")).toEqual([["alerts"], ["ben", "mia"]]);
  expect(await names("preview")).toEqual([["alerts", "ben", "mia"]]);
  expect(await inWaves("up", all.slice(1))).toHaveLength(1);
});

test("a shared stack of groups and login methods alone is built before the gateways that name them", async () => {
  const people = { groups: [{ name: "family", emails: ["ann@example.com"] }] };
  const all = await stacks({
    alerts: { "openclaw-gateway:shared": shared },
    mia: {},
    people: { "openclaw-gateway:shared": people },
  });
  const names = async (operation: "up" | "destroy") =>
    (await inWaves(operation, all)).flatMap((wave) => wave.map(({ name }) => name));
  expect(await names("up")).toEqual(["people", "mia", "alerts"]);
  expect(await names("destroy")).toEqual(["alerts", "mia", "people"]);
});

test("a shared stack has no people and no Pi to ask for", () => {
  expect(() => gatewayConfig("alerts", { accountId: "0".repeat(32), shared })).toThrow("STACK_IS_SHARED");
  expect(() => gatewayConfig("mia", {})).toThrow("CONFIG_INVALID");
});
