import { Refusal } from "../../infra/refusal.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { Interrupted } from "../interruption.ts";

/** One of a removal's steps. Each may be done twice: what was stopped begins with the first one again. */
export interface Step {
  /** As it is shown while it runs, and told where it stopped. */
  readonly name: string;
  /** @returns a sentence about what could not be done, and stops nothing */
  run(detail: (words: string) => void): Promise<string | undefined>;
  /** It is done although one before it has failed; not after Ctrl-C, which wants an end. */
  readonly evenSo?: boolean;
  /** An earlier step that it repeats: its own outcome is the one that counts. */
  readonly repeats?: Step;
  /** What is true as long as it has not been done. */
  readonly untilThen?: string;
}

export interface Surroundings {
  readonly progress: Progress;
  /** Aborted by Ctrl-C: no further step begins. */
  readonly signal: AbortSignal;
  /** The command that goes on. */
  readonly again: string;
}

/**
 * Does steps one after the other, up to one that fails.
 *
 * @returns what could not be done, in sentences
 * @throws Interrupted or Refusal (REMOVAL_STOPPED), with what is done, what is not, and how to go on
 */
export async function inTurn(
  steps: readonly Step[],
  { progress, signal, again }: Surroundings,
): Promise<string[]> {
  const notes = new Map<Step, string>();
  const done: Step[] = [];
  let failed: { readonly step: Step; readonly error: Error } | undefined;
  for (const step of steps) {
    if (signal.aborted || (failed && !step.evenSo)) continue;
    try {
      const note = await progress.step(step.name, (detail) => step.run(detail));
      done.push(step);
      if (step.repeats) notes.delete(step.repeats);
      if (note !== undefined) notes.set(step, note);
    } catch (error) {
      failed ??= { step, error: error as Error };
    }
  }
  const left = steps.filter((step) => !done.includes(step));
  if (left.length === 0) return [...notes.values()];
  const list = (some: readonly Step[]) => some.map(({ name }) => name).join("; ") || "nothing";
  const stands = [
    `done: ${list(done)}`,
    ...notes.values(),
    `not done: ${list(left)}`,
    ...left.flatMap(({ untilThen = [] }) => untilThen),
  ];
  const why =
    failed && !(failed.error instanceof Interrupted) && `${failed.step.name} failed: ${failed.error.message}`;
  if (why && !signal.aborted)
    throw new Refusal(
      "REMOVAL_STOPPED",
      why,
      ...stands,
      `mend what it names, then the same goes on: ${again}`,
    );
  throw new Interrupted(
    ["Interrupted.", ...(why ? [why] : []), ...stands, `to go on: ${again}`].join("\n  "),
  );
}
