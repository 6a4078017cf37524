import { setTimeout } from "node:timers/promises";
import { Command, Option } from "commander";
import { type ProviderKind, type Stage, setStage } from "../rehearsal/stage.ts";
import { inventoryOf } from "../rehearsal/walk/traces.ts";
import { type BuiltGateway, build, takeDown, upAgain, useGateway } from "../rehearsal/walk/walk.ts";
import { howToUse, writePiKey } from "./rehearse-keep.ts";
import { styled, terminalProgress, timeTable } from "./terminal.ts";

interface Options {
  readonly keep: boolean;
  readonly json: boolean;
  readonly providers: ProviderKind;
}

const options = new Command("npm run rehearse --")
  .description(
    "Builds the whole chain on this machine with the real program, engine, Debian, OpenClaw and Workers runtime and a\n" +
      "local Cloudflare; uses it with curl and as a browser would; takes it down and looks for what is left.\n" +
      "Needs Linux and root. No account, no key, nothing of this machine's settings is touched.",
  )
  .option("--keep", "leave the chain running, print how to use it, and take it down at Ctrl-C", false)
  .option("--json", "the steps as JSON on standard output, everything else on standard error", false)
  .addOption(
    new Option(
      "--providers <kind>",
      "provider plugins: stand-ins, or the real ones that the engine has or can fetch",
    )
      .choices(["stand-ins", "real"])
      .default("stand-ins"),
  )
  .addHelpText(
    "after",
    "\nExit code: 0 when every step was as it should be, else 1.\n\nFor example:\n  npm run rehearse\n  npm run rehearse -- --keep\n  npm run --silent rehearse -- --json > steps.json",
  )
  .parse()
  .opts<Options>();

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
await progress
  .step("the stage is cleared", () => teardown.disposeAsync())
  .catch((error: unknown) => {
    failure ??= error;
  });
report();
process.exit(failure === undefined ? 0 : 1);

async function rehearse(): Promise<void> {
  const { signal } = interruption;
  const stage = await setStage({ progress, providers: options.providers, teardown });
  signal.throwIfAborted();
  const before = await inventoryOf(stage.host);
  const gateway = await build(stage, progress, signal);
  await useGateway(stage, gateway, progress);
  await upAgain(gateway, progress, signal);
  if (options.keep) await keep(stage, gateway);
  await takeDown(stage, gateway, before, progress, signal);
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
  out.write(`\n${timeTable(results)}\n\n`);
  if (failure === undefined) {
    out.write(`${styled("green", "The whole chain was built, used and taken down.", out)}\n`);
  } else {
    const words =
      failure instanceof Interrupted ? "Interrupted; everything was taken down." : (failure as Error).message;
    process.stderr.write(`${styled("red", words, process.stderr)}\n`);
  }
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ok: failure === undefined, steps: results }, null, 2)}\n`);
}
