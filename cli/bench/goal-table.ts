import type { Goal } from "../../worker/bench/goals.ts";
import { alignedTable } from "../table.ts";
import { styled } from "../terminal.ts";

const digits: Readonly<Record<Goal["unit"], number>> = { "%": 1, ms: 3, times: 3, KB: 1, MB: 0, answers: 0 };

/** What was measured beside what was promised. */
export function goalTable(title: string, goals: readonly Goal[]): string {
  const rows = goals.map(({ name, value, unit, atLeast, atMost, met }) => [
    name,
    `${value.toFixed(digits[unit])} ${unit}`,
    atLeast === undefined ? `at most ${atMost} ${unit}` : `at least ${atLeast} ${unit}`,
    met ? styled("green", "met", process.stdout) : styled("red", "missed", process.stdout),
  ]);
  return alignedTable([[title, "measured", "goal", ""], ...rows]);
}
