import type { Quota } from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { type Identity, subjectOf } from "../identity/auth.ts";
import { within } from "../within.ts";
import type { Count, Ledger } from "./ledger.ts";
import { quotaHeaders } from "./quota-headers.ts";
import { tellUncounted } from "./uncounted.ts";

/** A run that has been counted in. */
export interface Run {
  /** Whether anything of it is counted. */
  readonly counted: boolean;
  /** How much is left of the day's quota, for the answer: OpenAI's `x-ratelimit-*`. None without a quota. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Counts it out, once. Where it is never called, the run's place comes free by its age.
   * @param tokens what the answer says it used; nothing where it broke off before it said so: then the role's
   *   `maxTokens` are counted, so that hanging up in time is no way to talk for free
   */
  end(tokens: number | undefined): void;
}

type Waiting = Pick<ExecutionContext, "waitUntil">;

/** Nothing is asked of the ledger for whom nothing is to be counted. */
const UNCOUNTED: Run = { counted: false, headers: {}, end() {} };

/** A socket's way to its end, the goodbye included, is a little longer than its life. */
const SOCKET_GRACE_SECONDS = 60;

/** What a run that broke off is counted for where its role has no `maxTokens`: the cap that guests have by default. */
const UNTOLD_TOKENS = 4096;

/**
 * Counts in a run of an identity, where its role has a quota. Its tokens are known only at its end, so that the last
 * run of a day may take more than was left.
 * @param context what keeps the counting out alive after the answer has gone
 * @throws GatewayError QUOTA_EXCEEDED with Retry-After, TOO_MANY_RUNS, or QUOTA_UNAVAILABLE
 */
export async function beginRun(identity: Identity, gateway: Gateway, context: Waiting): Promise<Run> {
  const quota = gateway.quotas[identity.role];
  if (!quota || !isCounted(quota)) return UNCOUNTED;
  const id = crypto.randomUUID();
  // When a client leaves, the runtime ends all that it does not wait for: the run would keep its place.
  const running = Promise.withResolvers<void>();
  context.waitUntil(running.promise);
  const begun = await countIn(identity, gateway, id, quota).catch((error) => {
    running.resolve();
    throw error;
  });
  return {
    counted: true,
    headers: quotaHeaders(quota, begun),
    end: once((tokens) => {
      const used = tokens ?? quota.maxTokens ?? UNTOLD_TOKENS;
      settle(identity, gateway, context, (ledger) => ledger.endRun(id, used));
      running.resolve();
    }),
  };
}

async function countIn(identity: Identity, gateway: Gateway, id: string, quota: Quota): Promise<Count> {
  const count = await ask(identity, gateway, (ledger) => ledger.beginRun(id, quota));
  if (count.refused) throw refusal(count, quota);
  return count;
}

/**
 * Counts in a WebSocket of an identity. Where the ledger fails, only those with a quota are refused: nobody else is
 * locked out of the Control UI for a counter's trouble.
 * @returns what counts it out, once
 * @throws GatewayError TOO_MANY_SOCKETS, or QUOTA_UNAVAILABLE
 */
export async function openSocket(
  identity: Identity,
  gateway: Gateway,
  context: Waiting,
): Promise<() => void> {
  const { maxSeconds, perIdentity } = gateway.sockets;
  const id = crypto.randomUUID();
  try {
    const seconds = maxSeconds + SOCKET_GRACE_SECONDS;
    const opened = await ask(identity, gateway, (ledger) => ledger.openSocket(id, perIdentity, seconds));
    if (!opened) throw new GatewayError("TOO_MANY_SOCKETS");
  } catch (error) {
    const uncounted = error instanceof GatewayError && error.code === "QUOTA_UNAVAILABLE";
    if (!uncounted || gateway.quotas[identity.role]) throw error;
    tellUncounted(error, gateway, subjectOf(identity));
    return () => {};
  }
  return once<void>(() => settle(identity, gateway, context, (ledger) => ledger.closeSocket(id)));
}

/** An object that is started far away answers in well under a second; a silent one would hold its caller for ever. */
const LEDGER_TIMEOUT_MS = 10_000;

type Question<T> = (ledger: DurableObjectStub<Ledger>) => Promise<T>;

const isCounted = ({ requestsPerDay, tokensPerDay, concurrentRuns }: Quota): boolean =>
  (requestsPerDay ?? tokensPerDay ?? concurrentRuns) !== undefined;

/**
 * Asks the ledger of an identity, and asks again where the runtime says that it may be repeated: a new version of the
 * Worker resets every object. All its methods can be repeated with the same id.
 * https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
async function ask<T>(identity: Identity, { ledger }: Gateway, question: Question<T>): Promise<T> {
  const object = ledger.idFromName(subjectOf(identity));
  // A stub is broken once a call has failed, so that each attempt has its own.
  const attempt = () => within(LEDGER_TIMEOUT_MS, question(ledger.get(object)), "QUOTA_UNAVAILABLE");
  try {
    try {
      return await attempt();
    } catch (error) {
      if (!mayBeRepeated(error)) throw error;
      return await attempt();
    }
  } catch (cause) {
    throw new GatewayError("QUOTA_UNAVAILABLE", { cause });
  }
}

function mayBeRepeated(error: unknown): boolean {
  const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
  return retryable === true && overloaded !== true;
}

function refusal(count: Count, quota: Quota): GatewayError {
  if (count.refused === "TOO_MANY_RUNS") return new GatewayError("TOO_MANY_RUNS");
  return new GatewayError("QUOTA_EXCEEDED", {
    headers: {
      ...quotaHeaders(quota, count),
      "retry-after": String(count.secondsLeft),
      "x-should-retry": "false", // OpenAI's SDKs would try again at once where Retry-After is over a minute
    },
  });
}

/** Counts out, when nobody waits for an answer any more. What cannot be counted out comes free by its age. */
function settle(identity: Identity, gateway: Gateway, context: Waiting, question: Question<void>): void {
  const tell = (error: GatewayError) => tellUncounted(error, gateway, subjectOf(identity));
  context.waitUntil(ask(identity, gateway, question).catch(tell));
}

function once<T>(act: (result: T) => void): (result: T) => void {
  let done = false;
  return (result) => {
    if (done) return;
    done = true;
    act(result);
  };
}
