import { readRealPackage } from "../rehearsal/host/real-package.ts";
import { type OtherMachine, setStage } from "../rehearsal/stage.ts";
import { openArtefacts } from "../rehearsal/walk/artefacts.ts";
import { ensureChromium } from "../rehearsal/walk/chromium.ts";
import { tryRealConnector } from "../rehearsal/walk/real-connector.ts";
import { inventoryOf } from "../rehearsal/walk/traces.ts";
import { build, stackName, takeDown, upAgain, useGateway, useInBrowser } from "../rehearsal/walk/walk.ts";
import { listenForInterruption } from "./interruption.ts";
import { isWell, type Outcome, whatFailed, withTeardown } from "./outcome.ts";
import { howToUse, writePiKey } from "./rehearse-keep.ts";
import { readOptions } from "./rehearse-options.ts";
import { askForPi } from "./rehearse-pi.ts";
import { styled, terminalProgress, timeTable } from "./terminal.ts";

const options = readOptions();
const terminal = terminalProgress();
const { progress, results } = terminal;
const interruption = listenForInterruption();
let pictures: string | undefined;

const outcome = await withTeardown(interruption, terminal, rehearse);
report(outcome);
process.exit(isWell(outcome) ? 0 : 1);

async function rehearse(teardown: AsyncDisposableStack): Promise<void> {
  const { signal } = interruption;
  const cloudflared = options.cloudflared ? await readRealPackage(options.cloudflared) : undefined;
  const other = options.pi ? await otherMachine(options.pi) : undefined;
  if (!cloudflared) await ensureChromium(progress);
  const stage = await setStage({ progress, providers: options.providers, teardown, other, cloudflared });
  signal.throwIfAborted();
  if (cloudflared) return tryRealConnector(stage, cloudflared, progress);
  const before = await inventoryOf(stage.host);
  const gateway = await build(stage, progress, { signIn: options.signIn, signal });
  await useGateway(stage, gateway, progress);
  const artefacts = await openArtefacts(options.artefacts);
  pictures = artefacts.folder;
  await useInBrowser(stage, gateway, artefacts, progress);
  await upAgain(gateway, progress, signal);
  if (options.keep) {
    await writePiKey(stage);
    process.stderr.write(`\n${await howToUse(stage, gateway)}\n\nCtrl-C takes it down.\n`);
    await interruption.untilAsked();
  }
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

function report(outcome: Outcome): void {
  const out = options.json ? process.stderr : process.stdout;
  const ok = isWell(outcome);
  if (results.length > 0) out.write(`\n${timeTable(results)}\n\n`);
  if (pictures) out.write(`Pictures of what people saw: ${pictures}\n`);
  if (ok) {
    const notWalked = results.filter(({ status }) => status === "not walked").length;
    const words =
      notWalked === 0
        ? "The whole chain was built, used and taken down."
        : `What was walked was as it should be; ${notWalked} of ${results.length} steps were not walked, and nothing is known of them.`;
    out.write(`${styled(notWalked === 0 ? "green" : "yellow", words, out)}\n`);
  } else {
    process.stderr.write(`${styled("red", whatFailed(outcome), process.stderr)}\n`);
  }
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ok, steps: results, artefacts: pictures }, null, 2)}\n`);
}
