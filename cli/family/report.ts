import { alignedTable } from "../table.ts";
import { styled } from "../terminal.ts";
import type { Result } from "./operation.ts";

/** What was done with each stack, as a table; below it, why some failed, in full. */
export function resultTable(results: readonly Result[], stream: NodeJS.WriteStream): string {
  const rows = results.map(({ stack, status, changes, seconds }) => [
    stack,
    status,
    changeWords(changes) || (status === "ok" ? "nothing to change" : ""),
    seconds.toFixed(1),
  ]);
  const failures = results
    .filter(({ failure }) => failure)
    .map(({ stack, failure = "" }) => `${styled("red", stack, stream)}:\n${failure.replaceAll(/^/gm, "  ")}`);
  const isCut = results.some(({ status }) => status === "interrupted" || status === "not started");
  return [
    alignedTable([["stack", "result", "changes", "seconds"], ...rows]),
    ...failures,
    ...(isCut ? ["Not all is done. The same command again goes on where each stack stands."] : []),
  ].join("\n\n");
}

const WORDS: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  import: "imported",
};

const changeWords = (changes: Result["changes"]): string =>
  Object.entries(WORDS)
    .filter(([op]) => changes[op as keyof typeof changes])
    .map(([op, word]) => `${changes[op as keyof typeof changes]} ${word}`)
    .join(", ");
