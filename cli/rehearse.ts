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

const { progress, results } = terminalProgress();
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => reject(new Interrupted(signal)));
  }
});
interrupted.catch(() => {});

class Interrupted extends Error {}

let failure: unknown;
let stage: Stage | undefined;
try {
  stage = await Promise.race([setStage({ progress, providers: options.providers }), interrupted]);
  await Promise.race([rehearse(stage), interrupted]);
} catch (error) {
  failure = error;
} finally {
  await progress
    .step("the stage is cleared", async () => stage?.close())
    .catch((error: unknown) => {
      failure ??= error;
    });
}
report();
// What was cut (a pulumi still running, a socket) must not keep the process.
process.exit(failure === undefined ? 0 : 1);

async function rehearse(onStage: Stage): Promise<void> {
  const before = await inventoryOf(onStage.host);
  const gateway = await build(onStage, progress);
  await useGateway(onStage, gateway, progress);
  await upAgain(gateway, progress);
  if (options.keep) await keepUntilInterrupted(onStage, gateway);
  await takeDown(onStage, gateway, before, progress);
}

async function keepUntilInterrupted(onStage: Stage, gateway: BuiltGateway): Promise<void> {
  await writePiKey(onStage);
  process.stderr.write(`\n${howToUse(onStage, gateway)}\n\nCtrl-C takes it down.\n`);
  await interrupted.catch(() => {});
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
