/**
 * A process that runs stacks one after the other for `npm run family`. The SDK's inline programs hear of whatever is
 * thrown anywhere in their process (uncaughtException, automation/server.ts), so of two side by side one would fail
 * with the other's error: those that run at the same time have processes of their own.
 */
import { useBundle, type WorkerBundle } from "../../contract/bundle.ts";
import { shareLookups } from "../../infra/shared-lookups.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import type { StackOfFamily } from "./household.ts";
import { answersOfRun, type FromLookups, type ToLookups } from "./lookups.ts";
import { openStack } from "./open-stack.ts";
import { type OperationName, operate, type Result } from "./operation.ts";

export interface Order {
  readonly operation: OperationName;
  readonly stack: StackOfFamily;
  readonly engine: Engine;
  readonly bundle: WorkerBundle;
}

export type ToSlot = { readonly order: Order } | { readonly stop: true } | FromLookups;
export type FromSlot = { readonly step: string } | { readonly result: Result } | ToLookups;

// The process that gave the order decides when to stop; a terminal's Ctrl-C comes here too.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});

// The SDK listens for this process's end with each program that it runs (automation/server.ts).
process.setMaxListeners(0);

const stopping = new AbortController();
const send = (message: FromSlot) => process.send?.(message);
const answers = answersOfRun(send);
shareLookups(answers);

process.on("message", async (message: ToSlot) => {
  if ("stop" in message) return stopping.abort();
  if ("lookup" in message) return answers.hear(message);
  const { operation, stack, engine, bundle } = message.order;
  useBundle(bundle);
  const watch = { onStep: (step: string) => send({ step }), signal: stopping.signal };
  send({ result: await operate(operation, stack.name, () => openStack(stack, engine), watch) });
});
process.on("disconnect", () => process.exit());
