import { setTimeout } from "node:timers/promises";
import { readRealPackage } from "../rehearsal/host/real-package.ts";
import { type OtherMachine, type Stage, setStage } from "../rehearsal/stage.ts";
import { tryRealConnector } from "../rehearsal/walk/real-connector.ts";
import { inventoryOf } from "../rehearsal/walk/traces.ts";
import {
  type BuiltGateway,
  build,
  stackName,
  takeDown,
  upAgain,
  useGateway,
} from "../rehearsal/walk/walk.ts";
import { howToUse, writePiKey } from "./rehearse-keep.ts";
import { readOptions } from "./rehearse-options.ts";
import { askForPi } from "./rehearse-pi.ts";
import { styled, terminalProgress, timeTable } from "./terminal.ts";

const options = readOptions();

class Interrupted extends Error {}

const { progress, results } = terminalProgress();
const interruption = new AbortController();
let onSignal = () => {
  interruption.abort(new Interrupted());
  // A second Ctrl-C ends it at once; the next rehearsal clears what is left then.
  onSignal = () => process.exit(1);
};
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => onSignal());
/** An engine that is told to stop finishes the operation it is in; the longest is the connector's. */
const patienceMs = 90_000;

let failure: unknown;
const teardown = new AsyncDisposableStack();
try {
  await interruptible(rehearse());
} catch (error) {
  failure = error;
}
let leftBehind: unknown;
if (results.length > 0) {
  await progress
    .step("the stage is cleared", () => teardown.disposeAsync())
    .catch((error: unknown) => {
      leftBehind = error;
    });
}
report();
process.exit(isWell() ? 0 : 1);

function isWell(): boolean {
  return failure === undefined && leftBehind === undefined;
}

async function rehearse(): Promise<void> {
  const { signal } = interruption;
  const cloudflared = options.cloudflared ? await readRealPackage(options.cloudflared) : undefined;
  const other = options.pi ? await otherMachine(options.pi) : undefined;
  const stage = await setStage({ progress, providers: options.providers, teardown, other, cloudflared });
  signal.throwIfAborted();
  if (cloudflared) return tryRealConnector(stage, cloudflared, progress);
  const before = await inventoryOf(stage.host);
  const gateway = await build(stage, progress, signal);
  await useGateway(stage, gateway, progress);
  await upAgain(gateway, progress, signal);
  if (options.keep) await keep(stage, gateway);
  await takeDown(stage, gateway, before, progress, signal);
}

async function otherMachine(pi: string): Promise<OtherMachine> {
  const { identity, yes } = options;
  return {
    pi: await askForPi({ pi, identity, yes, signal: interruption.signal }),
    stack: stackName,
    onLost: (reason) => interruption.abort(reason),
  };
}

/** Leaves the chain running until Ctrl-C, which here is no interruption but the way on. */
async function keep(stage: Stage, gateway: BuiltGateway): Promise<void> {
  await writePiKey(stage);
  process.stderr.write(`\n${howToUse(stage, gateway)}\n\nCtrl-C takes it down.\n`);
  const interrupt = onSignal;
  await new Promise<void>((resolve) => {
    onSignal = resolve;
  });
  onSignal = interrupt;
}

/** Waits for the work, or for its interruption and then a little for what it was in. */
async function interruptible(work: Promise<void>): Promise<void> {
  const interrupted = new Promise<never>((_resolve, reject) => {
    interruption.signal.addEventListener("abort", () => reject(interruption.signal.reason));
  });
  try {
    await Promise.race([work, interrupted]);
  } catch (error) {
    await Promise.race([work.catch(() => {}), setTimeout(patienceMs)]);
    throw error;
  }
}

function report(): void {
  const out = options.json ? process.stderr : process.stdout;
  if (results.length > 0) out.write(`\n${timeTable(results)}\n\n`);
  if (isWell()) {
    const notWalked = results.filter(({ status }) => status === "not walked").length;
    const words =
      notWalked === 0
        ? "The whole chain was built, used and taken down."
        : `What was walked was as it should be; ${notWalked} of ${results.length} steps were not walked, and nothing is known of them.`;
    out.write(`${styled(notWalked === 0 ? "green" : "yellow", words, out)}\n`);
  } else {
    process.stderr.write(`${styled("red", whatFailed(), process.stderr)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: isWell(), steps: results }, null, 2)}\n`);
}

function whatFailed(): string {
  const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
  if (leftBehind === undefined)
    return failure instanceof Interrupted ? "Interrupted; everything was taken down." : wordsOf(failure);
  const first =
    failure instanceof Interrupted ? "Interrupted." : failure === undefined ? "" : wordsOf(failure);
  return `${first}\nNot everything could be taken down: ${wordsOf(leftBehind)}`.trim();
}
