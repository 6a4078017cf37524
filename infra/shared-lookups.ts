import { createHash } from "node:crypto";

/** What was asked once, for all stacks that ask the same. */
export interface SharedAnswers {
  /**
   * Asks, or gives what another stack's program has been told. A failure is nobody else's: the next one asks again.
   *
   * @param key what is asked and of whom
   */
  lookup<T>(key: string, ask: () => Promise<T>): Promise<T>;
}

/** Nothing where each program asks for itself. */
let shared: SharedAnswers | undefined;

/** From now on the programs of this process ask the account once for what is the same for all its stacks. */
export function shareLookups(answers: SharedAnswers = answersInProcess()): void {
  shared = answers;
}

/** @param key what is asked and of whom: the API token may be in it, and goes nowhere */
export const lookup = <T>(key: string, ask: () => Promise<T>): Promise<T> =>
  shared ? shared.lookup(createHash("sha256").update(key).digest("hex"), ask) : ask();

/** Keeps the answers of this process. */
export function answersInProcess(): SharedAnswers {
  const known = new Map<string, Promise<unknown>>();
  return {
    lookup<T>(key: string, ask: () => Promise<T>) {
      const before = known.get(key) as Promise<T> | undefined;
      if (before) return before;
      const asked = ask();
      known.set(key, asked);
      asked.catch(() => known.delete(key));
      return asked;
    },
  };
}
