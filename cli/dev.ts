import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { setStage } from "../rehearsal/stage.ts";
import { build } from "../rehearsal/walk/walk.ts";
import { type Reload, reloadOnChange } from "./dev/reload.ts";
import { uploadCode } from "./dev/upload.ts";
import { listenForInterruption } from "./interruption.ts";
import { isWell, whatFailed, withTeardown } from "./outcome.ts";
import { howToUse, writePiKey } from "./rehearse-keep.ts";
import { styled, terminalProgress } from "./terminal.ts";

new Command("npm run dev")
  .description(
    "Works on the gateway Worker: builds the whole chain on this machine once, as npm run rehearse does, prints how to\n" +
      "use it with curl and a browser, and puts each change of worker/ and contract/ into it within a second.\n" +
      "Needs Linux and root. No account, no key, nothing of this machine's settings is touched.",
  )
  .addHelpText(
    "after",
    `
Access stands before the Worker as it does in reality: requests carry real tokens, signed by the local Access, and no
switch turns that off. The printed curl line signs in as a service, the browser as a person with a one-time code.

A change that does not bundle, or that does not start, is told with file and line; the Worker before it answers on.
Types are not looked at here: npm run check does. What infra/ or pi/ say takes a new start, or npm run rehearse.

Ctrl-C takes everything down. Exit code: 0 then, 1 when the chain could not be built.`,
  )
  .parse();

const terminal = terminalProgress();
const { progress } = terminal;
const interruption = listenForInterruption();
const outcome = await withTeardown(interruption, terminal, develop);
if (!isWell(outcome)) process.stderr.write(`${styled("red", whatFailed(outcome), process.stderr)}\n`);
process.exit(isWell(outcome) ? 0 : 1);

async function develop(teardown: AsyncDisposableStack): Promise<void> {
  const stage = await setStage({ progress, providers: "stand-ins", teardown });
  const gateway = await build(stage, progress, { signal: interruption.signal });
  await writePiKey(stage);
  process.stderr.write(`\n${await howToUse(stage, gateway)}\n\n`);
  const [scriptName = ""] = new URL(gateway.url).hostname.split("."); // a Worker's workers.dev name begins with its own
  const end = new AbortController();
  const reloads = reloadOnChange({
    project: fileURLToPath(new URL("..", import.meta.url)),
    upload: (source) => uploadCode(stage.cloudflare, scriptName, source),
    tell: (files, reload) => process.stderr.write(`${describe(files, reload)}\n`),
    signal: end.signal,
    ready: () =>
      process.stderr.write("Waiting for changes in worker/ and contract/. Ctrl-C takes it down.\n"),
  });
  await Promise.race([interruption.untilAsked(), reloads]);
  end.abort();
  await reloads;
}

function describe(files: readonly string[], reload: Reload): string {
  const time = new Date().toTimeString().slice(0, 8);
  const [first = "", ...others] = files;
  const what = `${time} ${first}${others.length > 0 ? ` and ${others.length} more` : ""}`;
  if (reload.outcome === "unchanged") return styled("dim", `${what}: the Worker is the same`, process.stderr);
  if (reload.outcome === "reloaded")
    return `${what}: ${styled("green", `reloaded in ${reload.ms} ms`, process.stderr)}, ${(reload.bytes / 1024).toFixed(1)} KB`;
  return `${what}: ${styled("red", "not reloaded", process.stderr)}, the Worker before it answers on\n${reload.reason}`;
}
