import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { prepareBase } from "./base.ts";
import { prepareFirstBoot } from "./first-boot.ts";
import { prepareOpenClaw } from "./openclaw.ts";
import { requireMachine } from "./requirements.ts";

/** What every host of this machine is started from. */
export interface HostAssets {
  /** Root folders that lie over each other, the topmost first; shared by all hosts and never written to. */
  readonly layers: readonly string[];
  /** Folder with what OpenClaw's installer wrote, copied into each host; absent before OpenClaw's first boot. */
  readonly home?: string;
}

/**
 * Gets ready what a host needs; after the first time everything is in the cache.
 *
 * @throws Error in one sentence when this is not Linux or not root
 */
export async function prepareHost(progress: Progress): Promise<HostAssets> {
  await progress.step("this machine's packages", () => requireMachine());
  const [base, openclaw] = await progress.step("Debian, Node and OpenClaw for the host", (detail) =>
    bothEnded(prepareBase(detail), prepareOpenClaw()),
  );
  const layers = [openclaw, join(base, "root")];
  return progress.step("OpenClaw's first boot", (detail) => prepareFirstBoot({ layers }, detail));
}

/** Waits for both also when one fails: the other's programs would go on writing to the cache when nobody waits for them. */
async function bothEnded<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}
