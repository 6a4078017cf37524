import { Interrupted } from "../interruption.ts";
import type { Age } from "./due.ts";
import type { Outcome } from "./finish.ts";
import type { Kind } from "./kind.ts";

/** The ages of secrets as a table. */
export function ageTable(ages: readonly Age[]): string {
  const rows = ages.map(({ stack, target, days, maxDays, expiresAt, due, words }) => [
    stack,
    target,
    days === undefined ? "?" : String(days),
    String(maxDays),
    expiresAt?.slice(0, 10) ?? "",
    due ? "due" : "",
    words,
  ]);
  const all = [["stack", "secret", "days old", "at most", "expires", "", ""], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => (row[column] ?? "").length));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(width(column)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What was done and what is left to do, for a person. */
export function farewell(
  stack: string,
  { rotated, ended, untried }: Outcome,
  kinds: readonly Kind[],
): string {
  const kindOf = (target: string) => kinds.find((kind) => kind.target === target);
  const ofOldOne = (target: string, oldUntil?: string) => {
    const why = oldUntil === undefined && untried.find((one) => one.target === target)?.why;
    return why ? `the old one: ${why}` : `the old one is ${oldUntil ? `good until ${oldUntil}` : "refused"}`;
  };
  const lines = rotated.map(
    ({ target, oldUntil, seen, note }) =>
      `${target}: ${note ?? `${seen === undefined ? "the new one works, " : `${seen}; `}${ofOldOne(target, oldUntil)}`}`,
  );
  const only = [...ended, ...untried.map(({ target }) => target)].filter(
    (target) => !rotated.some((one) => one.target === target),
  );
  const next = rotated.flatMap(({ target }) => kindOf(target)?.next ?? []);
  const left = rotated.some(({ oldUntil }) => oldUntil !== undefined);
  return [
    ...lines,
    ...only.map((target) => `${target}: ${ofOldOne(target)}`),
    ...(next.length > 0 ? ["", "Programs take the new one with:", ...next.map((line) => `  ${line}`)] : []),
    ...(left ? ["", "After that time:", `  npm run rotate -- --stack ${stack} --finish`] : []),
  ].join("\n");
}

/** Whether an error is somebody's wish for an end: between two steps, or in a pause. */
export const isInterruption = (error: Error): boolean =>
  error instanceof Interrupted || error.name === "AbortError";

/** An error for a person, with its code and what mends it. */
export function wordsOf(error: Error): string {
  // What infra/ssh.ts throws has them apart.
  const { code, mend, message } = error as Error & { code?: string; mend?: string };
  return mend === undefined ? message : `${code}: ${message}\n  ${mend}`;
}
