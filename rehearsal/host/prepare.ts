import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { prepareBase } from "./base.ts";
import { prepareOpenClaw } from "./openclaw.ts";
import { requireMachine } from "./requirements.ts";

/** What every host of this machine is started from. */
export interface HostAssets {
  /** Root folders that lie over each other, the topmost first; shared by all hosts and never written to. */
  readonly layers: readonly string[];
}

/**
 * Gets ready what a host needs; after the first time everything is in the cache.
 *
 * @throws Error in one sentence when this is not Linux or not root
 */
export async function prepareHost(progress: Progress): Promise<HostAssets> {
  await progress.step("this machine's packages", () => requireMachine());
  // One after the other's network wait: together they take little longer than the slower one.
  const [base, openclaw] = await Promise.all([
    progress.step("Debian for the host", (detail) => prepareBase(detail)),
    progress.step("OpenClaw for the host", () => prepareOpenClaw()),
  ]);
  return { layers: [openclaw, join(base, "root")] };
}
