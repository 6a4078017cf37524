import { expect, test } from "vitest";
import type { Engine } from "../../rehearsal/engine/index.ts";
import type { StackOfFamily } from "./household.ts";
import { type builtShared, gatewayConfig, inWaves, refuseWatched } from "./shared-stacks.ts";
import { stackFiles } from "./testing/stack-files.ts";

const shared = { gateways: ["mia"], alerts: { emails: ["owner@example.com"] } };

test("gateways are built before the shared stack that watches them, and go after it", async () => {
  const all = await stackFiles({ alerts: { "openclaw-gateway:shared": shared }, ben: {}, mia: {} });
  const names = async (operation: "up" | "preview" | "destroy") =>
    (await inWaves(operation, all)).map((wave) => wave.map(({ name }) => name));
  expect(await names("up")).toEqual([["ben", "mia"], ["alerts"]]);
  expect(await names("destroy")).toEqual([["alerts"], ["ben", "mia"]]);
  expect(await names("preview")).toEqual([["alerts", "ben", "mia"]]);
  expect(await inWaves("up", all.slice(1))).toHaveLength(1);
});

test("a shared stack of groups and login methods alone is built before the gateways that name them", async () => {
  const people = { groups: [{ name: "family", emails: ["ann@example.com"] }] };
  const all = await stackFiles({
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

test("a gateway that a probe is bound to is not taken off, and the lines that let go of it are named", async () => {
  const watching = (...gateways: string[]) => ({ "openclaw-gateway:shared": { ...shared, gateways } });
  const refusal = async (listed: string[], watched: string[], leaving: string[], probeReport?: string) => {
    const all = await stackFiles({ alerts: watching(...listed), ben: {}, mia: {}, zoe: {} });
    const built = (async (staying: readonly StackOfFamily[]) =>
      staying
        .filter(({ name }) => name === "alerts")
        .map((stack) => ({ stack, gateways: watched, probeReport }))) as unknown as typeof builtShared;
    const off = all.filter(({ name }) => leaving.includes(name));
    return refuseWatched(off, all, {} as Engine, built).then(() => "", String);
  };
  const three = ["ben", "mia", "zoe"];
  expect(await refusal(three, three, ["ben", "zoe"], "kv")).toMatch(
    /GATEWAY_WATCHED: .* alerts is bound to ben, zoe, .*\n.*gateways\[2\]'\n.*gateways\[0\]'\n.*pulumi up --stack alerts\n.*same command again/,
  );
  expect(await refusal(["mia"], ["mia"], ["mia"], "kv")).toMatch(
    /\n.* -- destroy alerts mia takes off both$/,
  );
  // It is out of the list, and not built so yet: another one has its place.
  expect(await refusal(["mia", "zoe"], three, ["ben"], "kv")).not.toContain("config rm");
  // Without a webhook there is no probe, and nothing is bound.
  expect(await refusal(["mia"], ["mia"], ["mia"])).toBe("");
  expect(await refusal(["mia"], ["mia"], ["alerts", "mia"], "kv")).toBe("");
});
