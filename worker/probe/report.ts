import type { ProbeReport } from "../../contract/probe.ts";

/** KV takes 1,000 writes a day on the free plan (https://developers.cloudflare.com/kv/platform/limits/); a run a minute would be 1,440. */
const everyMs = 4.5 * 60_000;

/** Whether a report is worth a write: something has changed since the last one, or that one grows old. */
export function reportDue(report: ProbeReport, last: ProbeReport | undefined): boolean {
  if (!last) return true;
  const changed = JSON.stringify(report.gateways) !== JSON.stringify(last.gateways);
  return changed || Date.parse(report.at) - Date.parse(last.at) >= everyMs;
}
