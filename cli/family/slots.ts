import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Refusal } from "../../infra/refusal.ts";
import { type Asker, type Lookups, openLookups } from "./lookups.ts";
import type { Result } from "./operation.ts";
import type { FromSlot, Order, ToSlot } from "./slot.ts";

const program = fileURLToPath(new URL("./slot.ts", import.meta.url));

/** So many stacks a process runs: the SDK keeps about a megabyte of each program that it ran. */
const stacksOfProcess = 25;

/** V8 would give new objects three times as much by itself, and be no faster: 60 MB of each process. */
const smallNewSpace = "--max-semi-space-size=8";

/** A process for one stack at a time. */
export interface Slot {
  readonly pid: number | undefined;
  /** @throws Error when the process ends before it has an answer */
  run(order: Order, onStep: (words: string) => void): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Starts one. What it says itself, beside its answers, is an error of Node's or the SDK's.
 *
 * @param lookups what all processes of the run know together
 */
export function openSlot(signal: AbortSignal, lookups: Lookups = openLookups()): Slot {
  const child = fork(program, {
    execArgv: [...process.execArgv, smallNewSpace],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  const stop = () => tell(child, { stop: true });
  signal.addEventListener("abort", stop);
  // Not "close", which Node does not tell of a child that was disconnected from.
  const ended = once(child, "exit");
  const asker: Asker = (message) => tell(child, message);
  ended.then(() => lookups.gone(asker));
  return {
    pid: child.pid,
    async run(order, onStep) {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const onMessage = (message: FromSlot) => {
        if ("step" in message) onStep(message.step);
        else if ("result" in message) resolve(message.result);
        else lookups.hear(message, asker);
      };
      child.on("message", onMessage);
      ended.then(() => reject(endedEarly(order.stack.name, said.trim() || String(child.signalCode))));
      tell(child, { order });
      return promise.finally(() => child.off("message", onMessage));
    },
    async close() {
      signal.removeEventListener("abort", stop);
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/**
 * One process after the other for many stacks: another one after some of them, and after one that has ended.
 *
 * @param most stacks of one process
 */
export function openSlots(signal: AbortSignal, lookups: Lookups, most = stacksOfProcess): Slot {
  let slot = openSlot(signal, lookups);
  let stacks = 0;
  const renew = () => {
    slot = openSlot(signal, lookups);
    stacks = 0;
  };
  return {
    get pid() {
      return slot.pid;
    },
    async run(order, onStep) {
      if (stacks === most) {
        await slot.close();
        renew();
      }
      stacks += 1;
      try {
        return await slot.run(order, onStep);
      } catch (error) {
        renew();
        throw error;
      }
    },
    close: () => slot.close(),
  };
}

const endedEarly = (stack: string, words: string): Refusal =>
  new Refusal(
    "STACK_PROCESS_ENDED",
    `the process that ran the stack ${stack} has ended: ${words}`,
    `see where the stack stands: npm run family -- preview ${stack}`,
  );

/** A process that has ended hears nothing, and whoever waits for it is told by its end. */
const tell = (child: ChildProcess, message: ToSlot): void => {
  if (child.connected) child.send(message, () => {});
};
