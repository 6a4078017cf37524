import { untouched } from "../family/operation.ts";
import { sideBySide } from "../family/side-by-side.ts";
import { Interrupted } from "../interruption.ts";
import type { Age } from "./due.ts";
import { isInterruption, wordsOf } from "./words.ts";

/** A stack whose secrets could not be looked at. */
export interface NotLookedAt {
  readonly stack: string;
  /** Of an error of the program's own, else UNEXPECTED. */
  readonly code: string;
  readonly why: string;
}

/** How many at the same time: each asks the engine three times, and that is a processor's work. */
const parallel = 4;

/**
 * Looks at the secrets of several stacks. One that cannot be looked at does not hide the others.
 *
 * @returns both in the order of the names
 * @throws Interrupted once somebody has asked for an end
 */
export async function agesOfStacks(
  names: readonly string[],
  look: (name: string) => Promise<readonly Age[]>,
  signal: AbortSignal,
): Promise<{ ages: Age[]; failed: NotLookedAt[] }> {
  const ages = new Map<string, readonly Age[]>();
  const failed = new Map<string, NotLookedAt>();
  const run = async (name: string) => {
    try {
      ages.set(name, await look(name));
      return untouched(name, "ok");
    } catch (error) {
      if (isInterruption(error as Error)) return untouched(name, "interrupted");
      const { code = "UNEXPECTED" } = error as { code?: string };
      failed.set(name, { stack: name, code, why: wordsOf(error as Error) });
      return untouched(name, "failed");
    }
  };
  await sideBySide(names, { parallel, continueOnError: true, signal }, () => ({ run, async close() {} }));
  if (signal.aborted) throw new Interrupted();
  return {
    ages: names.flatMap((name) => ages.get(name) ?? []),
    failed: names.flatMap((name) => failed.get(name) ?? []),
  };
}
