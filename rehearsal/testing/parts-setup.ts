import { terminalProgress } from "../../cli/terminal.ts";
import { ensureEngine } from "../engine/index.ts";
import { ensureChromium } from "../walk/chromium.ts";

/** What the tests of single parts share: once, before all of them, since from cold it takes minutes. */
export default async function setup(): Promise<void> {
  const { progress } = terminalProgress();
  await ensureChromium(progress);
  await ensureEngine(progress);
}
