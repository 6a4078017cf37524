import type { GatewayError } from "../errors.ts";
import { withoutSecrets } from "./text.ts";

/**
 * Why a request was refused, in words that cannot hold anything of it: the token library's code with the claim that it
 * is about, or our own sentence. A SyntaxError is only named: its message quotes what it could not read.
 */
export function reasonOf({ cause }: GatewayError): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code, claim } = cause as { code?: unknown; claim?: unknown };
  if (typeof code === "string" && /^ERR_\w+$/.test(code)) {
    return typeof claim === "string" && /^\w{1,20}$/.test(claim) ? `${code} ${claim}` : code;
  }
  return cause.name === "Error" ? withoutSecrets(cause.message, []) : cause.name;
}

/** What led to a failure, nearest first, each as "Name: message", without what is or could be a secret. */
export function detailOf(error: GatewayError, secrets: readonly string[]): string {
  return withoutSecrets(chain(error).join(" < "), secrets);
}

function chain({ cause }: Error, depth = 0): string[] {
  if (cause === undefined || depth > 4) return [];
  if (!(cause instanceof Error)) return [typeof cause];
  const said = cause instanceof SyntaxError ? cause.name : `${cause.name}: ${cause.message}`;
  return [said, ...chain(cause, depth + 1)];
}
