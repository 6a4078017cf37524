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
