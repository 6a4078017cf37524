import type { Gateway } from "./config.ts";
import type { Identity } from "./identity/auth.ts";

/** A run that has been counted in. */
export interface Run {
  /** Counts it out, with the tokens that it used; once. Where it is never called, the run's place comes free by its age. */
  end(tokens: number): void;
}

/**
 * Counts in a run of an identity, where its role has a quota.
 * @param context what keeps the counting out alive after the answer has gone
 * @throws GatewayError QUOTA_EXCEEDED with Retry-After, or TOO_MANY_RUNS
 */
export async function beginRun(
  _identity: Identity,
  _gateway: Gateway,
  _context: ExecutionContext,
): Promise<Run> {
  return { end() {} };
}

/**
 * Counts in a WebSocket of an identity.
 * @returns what counts it out, once
 * @throws GatewayError TOO_MANY_SOCKETS
 */
export async function openSocket(
  _identity: Identity,
  _gateway: Gateway,
  _context: ExecutionContext,
): Promise<() => void> {
  return () => {};
}
