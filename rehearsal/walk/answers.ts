import type { Host } from "../host/host.ts";
import { NotWalked } from "../progress.ts";
import { expect } from "./expect.ts";

/**
 * Sees to it that an assistant's answer is one to what was asked. The rehearsal's model repeats the question; what a
 * model of the machine's owner says nobody knows beforehand, so that it said something has to do.
 */
export function expectAnswer({ ownModel }: Host, answer: string, asked: string): void {
  expect(ownModel ? answer.trim() !== "" : answer.includes(asked), `it said: ${answer}`);
}

/**
 * Tells an owner's model that gives no answer (no credit, no key, not set up) from a chain that does not carry one:
 * an error of OpenClaw's came the whole way, and has no code; the gateway's own errors have one (worker/errors.ts).
 *
 * @throws NotWalked in that case
 */
export function expectModel({ ownModel }: Host, { status, body }: { status: number; body: string }): void {
  if (!ownModel || status < 500) return;
  const error = errorOf(body);
  if (error && !error.code)
    throw new NotWalked(`OpenClaw answered through the whole chain, its model did not: ${error.message}`);
}

function errorOf(body: string): { code?: unknown; message?: unknown } | undefined {
  try {
    return JSON.parse(body).error;
  } catch {
    return undefined;
  }
}
