import type { GatewayError } from "./errors.ts";

const MAX_DETAIL_LENGTH = 300;

/** One line for a failure of ours or of what lies behind; refusals of a client are no failure. Never a secret. */
export function logFailure(error: GatewayError, requestId: string): void {
  if (error.status < 500) return;
  const detail = causes(error).join(" < ").slice(0, MAX_DETAIL_LENGTH);
  console.error(JSON.stringify({ level: "error", event: "failure", code: error.code, requestId, detail }));
}

/** What led to an error, nearest first, each as "Name: message". */
function causes(error: Error): string[] {
  const { cause } = error;
  if (cause === undefined) return [];
  return cause instanceof Error ? [String(cause), ...causes(cause)] : [String(cause)];
}
