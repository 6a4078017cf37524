import type { Gateway } from "../config.ts";
import type { Level, LogLine } from "./lines.ts";
import { oneLine } from "./text.ts";

const RANK: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** How a Worker logs whose configuration cannot be read. */
const UNCONFIGURED: Gateway["log"] = { level: "info", securityEvents: false, audit: false };

/**
 * Writes one line of JSON. The audit trail has a switch of its own and no level; of all else LOG_LEVEL is the least
 * that is written, and security events have their switch besides. The console's method is the level that Workers Logs
 * shows: https://developers.cloudflare.com/workers/observability/logs/workers-logs/
 */
export function write(level: Level, line: LogLine, log: Gateway["log"] = UNCONFIGURED): void {
  if (!isWanted(level, line, log)) return;
  const written: Record<string, unknown> = { time: new Date().toISOString(), level };
  for (const [name, value] of Object.entries(line)) {
    if (value !== undefined) written[name] = typeof value === "string" ? oneLine(value) : value;
  }
  console[level](JSON.stringify(written));
}

function isWanted(level: Level, { event }: LogLine, log: Gateway["log"]): boolean {
  if (event === "request" || event === "socket") return log.audit;
  if (RANK[level] < RANK[log.level]) return false;
  return event === "failure" || event === "left out" || log.securityEvents;
}
