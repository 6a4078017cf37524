import { expect, test } from "vitest";
import { openLookups } from "./lookups.ts";
import type { Order } from "./slot.ts";
import { openSlots } from "./slots.ts";

/** A stack that fails at once, for want of an engine. */
const order: Order = {
  operation: "preview",
  stack: {
    name: "home",
    ref: "home",
    backend: "file:///nowhere",
    env: {},
    file: "/nowhere/Pulumi.home.yaml",
  },
  engine: {
    root: "/nowhere",
    command: "/nowhere/bin/pulumi",
    version: "v0",
    origin: "path",
    languageHost: undefined,
  },
  bundle: { contentFile: "../.build/worker.js", sha256: "", bytes: 0, gzipBytes: 0, packages: [] },
};

test("gives a process some stacks, then another one, and another one after one that has ended", {
  timeout: 60_000,
}, async () => {
  const slots = openSlots(new AbortController().signal, openLookups(), 2);
  const pids: (number | undefined)[] = [];
  const run = async () => {
    const running = slots.run(order, () => {});
    const result = await running;
    pids.push(slots.pid);
    return result;
  };
  for (let stack = 0; stack < 3; stack++)
    expect(await run()).toMatchObject({ stack: "home", status: "failed" });
  expect(pids[1]).toBe(pids[0]);
  expect(pids[2]).not.toBe(pids[0]);
  // Stopped first: else it may have answered already.
  process.kill(slots.pid as number, "SIGSTOP");
  const killed = slots.run(order, () => {});
  process.kill(slots.pid as number, "SIGKILL");
  await expect(killed).rejects.toThrow("STACK_PROCESS_ENDED");
  expect(slots.pid).not.toBe(pids[2]);
  await run();
  await slots.close();
});
