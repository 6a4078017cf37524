import { type Result, untouched } from "./operation.ts";

/** How many at the same time where nobody says. */
export const usualParallel = 4;

export interface SideBySide {
  /** How many at the same time. */
  readonly parallel: number;
  /** Whether those that wait are started though one has failed. */
  readonly continueOnError: boolean;
  readonly signal: AbortSignal;
}

/**
 * Does the same with many things, so many at the same time; after one that failed none is begun any more.
 *
 * @returns what came of each, in their order
 * @throws what the first of them that failed threw
 */
export async function atMost<T, R>(
  parallel: number,
  things: readonly T[],
  work: (thing: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = things.entries();
  let stopped = false;
  const shift = async () => {
    for (const [index, thing] of waiting) {
      if (stopped) return;
      try {
        results[index] = await work(thing);
      } catch (error) {
        stopped = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, things.length) }, shift));
  return results;
}

/** Does one thing after the other. */
export interface Worker {
  run(name: string): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Does the same with many stacks, some at a time. After a failure, or Ctrl-C, none is started any more, and those that
 * run come to their end.
 *
 * @returns a result for each, in the order of the names
 */
export async function sideBySide(
  names: readonly string[],
  { parallel, continueOnError, signal }: SideBySide,
  open: () => Worker,
): Promise<Result[]> {
  const results = new Map<string, Result>();
  const waiting = names[Symbol.iterator]();
  let stopped = false;
  const one = async (worker: Worker, name: string): Promise<void> => {
    if (stopped || signal.aborted) {
      results.set(name, untouched(name, "not started"));
      return;
    }
    const result = await worker.run(name);
    results.set(name, result);
    stopped ||= result.status !== "ok" && !continueOnError;
  };
  const shift = async () => {
    const worker = open();
    try {
      for (const name of waiting) await one(worker, name);
    } finally {
      await worker.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, names.length) }, shift));
  return names.flatMap((name) => results.get(name) ?? []);
}
