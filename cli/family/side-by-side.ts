import type { Result } from "./operation.ts";

export interface SideBySide {
  /** How many at the same time. */
  readonly parallel: number;
  /** Whether those that wait are started though one has failed. */
  readonly continueOnError: boolean;
  readonly signal: AbortSignal;
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
  work: (name: string) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<string, Result>();
  const waiting = names[Symbol.iterator]();
  let stopped = false;
  const worker = async () => {
    for (const name of waiting) {
      if (stopped || signal.aborted)
        results.set(name, { stack: name, status: "not started", seconds: 0, changes: {} });
      else {
        const result = await work(name);
        results.set(name, result);
        stopped ||= result.status !== "ok" && !continueOnError;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, names.length) }, worker));
  return names.flatMap((name) => results.get(name) ?? []);
}
