import type { Progress } from "../rehearsal/progress.ts";
import { Interrupted, type Interruption } from "./interruption.ts";

/** How a run on a stage ended. */
export interface Outcome {
  readonly failure?: unknown;
  /** Why not everything could be taken down. */
  readonly leftBehind?: unknown;
}

/**
 * Does the work and takes down what it has deferred, however it ends.
 *
 * @param progress where the clearing is told, unless the work came to nothing before its first step
 */
export async function withTeardown(
  { interruptible }: Interruption,
  { progress, results }: { progress: Progress; results: readonly unknown[] },
  work: (teardown: AsyncDisposableStack) => Promise<void>,
): Promise<Outcome> {
  const teardown = new AsyncDisposableStack();
  const outcome: { failure?: unknown; leftBehind?: unknown } = {};
  try {
    await interruptible(work(teardown));
  } catch (error) {
    outcome.failure = error;
  }
  if (results.length > 0) {
    await progress
      .step("the stage is cleared", () => teardown.disposeAsync())
      .catch((error: unknown) => {
        outcome.leftBehind = error;
      });
  }
  return outcome;
}

export const isWell = ({ failure, leftBehind }: Outcome): boolean =>
  failure === undefined && leftBehind === undefined;

/** What went wrong, for a person. */
export function whatFailed({ failure, leftBehind }: Outcome): string {
  if (leftBehind === undefined)
    return failure instanceof Interrupted ? "Interrupted; everything was taken down." : wordsOf(failure);
  const first = failure === undefined ? "" : wordsOf(failure);
  return `${first}\nNot everything could be taken down: ${wordsOf(leftBehind)}`.trim();
}

/** The error of a failed `pulumi` holds all that the engine said, twice: of that, what it has to say of the failure. */
function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^Diagnostics:\n([\s\S]*?)\n\n(?=Resources:|Outputs:|Duration:)/m.exec(message)?.[1] ?? message;
}
