import { vi } from "vitest";
import type { TestGateway } from "./gateway.ts";

export type Line = Readonly<Record<string, unknown>>;

/** What the Worker has logged, each line read as the JSON that it must be; what workerd says itself is left out. */
export const linesOf = (log: string): Line[] =>
  log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);

/** The first line with these fields, as soon as it is there. */
export function logged(gateway: TestGateway, fields: Line): Promise<Line> {
  const fits = (line: Line) => Object.entries(fields).every(([name, value]) => line[name] === value);
  return vi.waitFor(
    () => {
      const found = linesOf(gateway.log()).find(fits);
      if (!found) throw new Error(`no line with ${JSON.stringify(fields)} in\n${gateway.log()}`);
      return found;
    },
    { timeout: 10_000, interval: 5 },
  );
}

/** The audit line of an answer's request. */
export const auditOf = (gateway: TestGateway, answer: { headers: { get(name: string): string | null } }) =>
  logged(gateway, { event: "request", requestId: answer.headers.get("x-request-id") });
