import { terminalProgress } from "../../cli/terminal.ts";
import { ensureEngine } from "../engine/index.ts";
import { ensurePrograms } from "../host/requirements.ts";

/** What the tests of single parts share: once, before all of them, since from cold it takes minutes. */
export default async function setup(): Promise<void> {
  const { progress } = terminalProgress();
  if (process.env.CHROMIUM === undefined) {
    await progress.step("Chromium", () => ensurePrograms({ chromium: "chromium" }));
  }
  await ensureEngine(progress);
}
