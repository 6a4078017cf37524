/**
 * Where long work tells what it is doing. The rehearsal's terminal output and the tests' silence are two
 * implementations of it; nothing below `cli/` writes to a stream itself.
 */
export interface Progress {
  /** Runs one named step; `detail` replaces the short text behind the name while it runs ("83 of 226 MB"). */
  step<T>(name: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>;
}

/** Progress that nobody watches. */
export const quiet: Progress = { step: (_name, work) => work(() => {}) };

/** Thrown inside a step that cannot be walked here, by no fault of what is walked: reported as such, never as ok. */
export class NotWalked extends Error {}

/** For the steps after which the walk goes on: `progress.step(…).catch(unlessNotWalked)`. */
export function unlessNotWalked(error: unknown): void {
  if (!(error instanceof NotWalked)) throw error;
}
