import { alignedTable } from "../table.ts";
import { styled } from "../terminal.ts";
import type { OperationName, Result } from "./operation.ts";

/**
 * What was done with each stack, or would be, as a table; below it what it would be done to, what is to be known of
 * them, and why some failed, in full.
 */
export function resultTable(
  operation: OperationName,
  results: readonly Result[],
  stream: NodeJS.WriteStream,
): string {
  const isPlan = operation === "preview";
  const rows = results.map(({ stack, status, changes, seconds }) => [
    stack,
    status,
    changeWords(changes, isPlan) || (status === "ok" ? "nothing to change" : ""),
    seconds.toFixed(1),
  ]);
  const failures = results.flatMap(({ stack, failure }) =>
    failure ? [`${styled("red", stack, stream)}:\n${indented(failure)}`] : [],
  );
  const isCut = results.some(({ status }) => status === "interrupted" || status === "not started");
  return [
    alignedTable([["stack", "result", "changes", "seconds"], ...rows]),
    ...(isPlan ? plans(results) : []),
    ...notes(results, stream),
    ...failures,
    ...(isCut ? ["Not all is done. The same command again goes on where each stack stands."] : []),
  ].join("\n\n");
}

const indented = (text: string): string => text.replaceAll(/^/gm, "  ");

/** Which resources a preview would change. */
const plans = (results: readonly Result[]): string[] =>
  results.flatMap(({ stack, changed }) => {
    const lines = Object.keys(WORDS).flatMap((op) => {
      const names = changed.filter((one) => one.op === op).map(({ name }) => name);
      return names.length > 0 ? [`  ${op}: ${names.join(", ")}`] : [];
    });
    return lines.length > 0 ? [`${stack} would:\n${lines.join("\n")}`] : [];
  });

/** Each once, with the stacks that it is said of. */
function notes(results: readonly Result[], stream: NodeJS.WriteStream): string[] {
  const stacksOf = new Map<string, string[]>();
  for (const { stack, notes } of results)
    for (const note of notes) stacksOf.set(note, [...(stacksOf.get(note) ?? []), stack]);
  return [...stacksOf].map(
    ([note, stacks]) => `${styled("yellow", stacks.join(", "), stream)}:\n${indented(note)}`,
  );
}

const WORDS: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  import: "imported",
};

const changeWords = (changes: Result["changes"], isPlan: boolean): string =>
  Object.entries(WORDS)
    .filter(([op]) => changes[op as keyof typeof changes])
    .map(([op, word]) => `${changes[op as keyof typeof changes]} ${isPlan ? `to ${op}` : word}`)
    .join(", ");
