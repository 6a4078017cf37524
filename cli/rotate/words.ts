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
export function farewell(stack: string, { rotated, ended }: Outcome, kinds: readonly Kind[]): string {
  const kindOf = (target: string) => kinds.find((kind) => kind.target === target);
  const lines = rotated.map(
    ({ target, oldUntil, note }) =>
      `${target}: ${note ?? `the new one works, the old one is ${oldUntil ? `good until ${oldUntil}` : "refused"}`}`,
  );
  const only = ended.filter((target) => !rotated.some((one) => one.target === target));
  const next = rotated.flatMap(({ target }) => kindOf(target)?.next ?? []);
  const left = rotated.some(({ oldUntil }) => oldUntil !== undefined);
  return [
    ...lines,
    ...only.map((target) => `${target}: the old one is refused`),
    ...(next.length > 0 ? ["", "Programs take the new one with:", ...next.map((line) => `  ${line}`)] : []),
    ...(left ? ["", "After that time:", `  npm run rotate -- --stack ${stack} --finish`] : []),
  ].join("\n");
}
