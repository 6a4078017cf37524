import type { Parsed } from "./block.ts";

/**
 * How many blocks of a growing text are done, and what of it is left to read again: a block is done when the next one
 * has begun with two whole lines (the second can make a table of the first), since no line yet to come can join it then.
 */
export function settle(source: string, parsed: readonly Parsed[]): { blocks: number; rest: string } {
  const lines = source.split("\n");
  const done = parsed.filter(({ end }) => lines.slice(end, -2).some((line) => line.trim() !== ""));
  return { blocks: done.length, rest: lines.slice(done.at(-1)?.end ?? 0).join("\n") };
}
