import type { OperationName, Result } from "./operation.ts";
import type { CountedCalls, OtherRuns } from "./other-runs.ts";

/**
 * Calls to Cloudflare's API that an operation on one stack makes at most, measured with `npm run bench -- family` and
 * rounded up by a half. What all stacks of a run ask together, about ten, is within what is left for everything else.
 */
const CALLS: Readonly<Record<Budgeted, number>> = { up: 32, preview: 24, destroy: 12, look: 4 };
/** What is asked for a stack though nothing is changed (three, and five for a hostname), and for each resource that is. */
const CALLS_TO_LOOK = 8;
/** With the six that look for room, once something is to be made. */
const CALLS_TO_CHANGE = 1.5;

/** An operation, or a look at how a stack is: its tunnel, the tunnel's connectors, its service tokens, and a probe's report. */
export type Budgeted = OperationName | "look";

/** Calls within so many seconds. */
export interface Allowance {
  readonly calls: number;
  readonly windowSeconds: number;
}

/**
 * What many stacks may use of Cloudflare's 1,200 calls in five minutes, which hold for the user with all tokens and the
 * dashboard; who overruns them is refused for five minutes
 * (https://developers.cloudflare.com/fundamentals/api/reference/limits/). The rest is left for everything else.
 */
export const usualAllowance: Allowance = { calls: 1_000, windowSeconds: 300 };

/** The calls that all stacks of a run have together, and with them other runs of the same person on this machine. */
export interface Budget {
  /**
   * Waits until an operation's calls fit.
   *
   * @param onWait told once, with the seconds that it takes at most
   * @returns to be called with the operation's result: what it did not use is there for others
   */
  take(operation: Budgeted, onWait: (seconds: number) => void): Promise<(result: Result) => void>;
}

/** What a stack that has to wait is said to do. */
export const waitWords = (seconds: number): string =>
  `waiting, for at most ${seconds} s, until Cloudflare's API may be asked more`;

/** How often it is looked whether another run has ended a stack. */
const lookAtOthersMs = 5_000;

/** What an operation has called, as far as its result tells. */
function callsOf(operation: Budgeted, changes: Result["changes"]): number {
  // It has ended without a word of what it did: a process that was killed, or an engine that gave up.
  if (Object.keys(changes).length === 0) return CALLS[operation];
  const { same: _, ...others } = changes;
  const changed = Object.values(others).reduce((sum, count) => sum + count, 0);
  const calls = Math.ceil(CALLS_TO_LOOK + CALLS_TO_CHANGE * changed);
  // A preview has changed nothing. What has changed more than most stacks have, such as ten service tokens, called more.
  return operation === "preview" ? Math.min(CALLS.preview, calls) : calls;
}

const alone: OtherRuns = { read: () => [], tell: () => {} };

/**
 * Counts over a window that slides: whether Cloudflare's own slides or stands is not known, and this fits in both.
 *
 * @param signal ends the waiting
 * @param others runs that use the same calls
 */
export function openBudget(
  { calls, windowSeconds }: Allowance,
  signal: AbortSignal,
  others: OtherRuns = alone,
): Budget {
  /** In the past window from `until` on, which is never while an operation runs. */
  let entries: CountedCalls[] = [];
  let queue = Promise.resolve();
  let ended = Promise.withResolvers<void>();
  const counted = () => {
    entries = entries.filter(({ until }) => until > Date.now());
    return [...entries, ...others.read()];
  };
  /** An operation that runs counts for others as if it ended now: its next word, or its end, tells them more. */
  const tell = () => {
    const soonest = Date.now() + windowSeconds * 1000;
    others.tell(entries.map((one) => ({ ...one, until: Math.min(one.until, soonest) })));
  };
  const interrupted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  /** Until the oldest calls are out of the window, or an operation has ended that may not have needed all of its. */
  const untilSomeAreFree = async (): Promise<void> => {
    const waits = counted().map(({ until }) => until - Date.now());
    const oldest = Math.min(...waits, ...(waits.length > entries.length ? [lookAtOthersMs] : []));
    let timer: NodeJS.Timeout | undefined;
    const past = new Promise<void>((resolve) => {
      if (Number.isFinite(oldest)) timer = setTimeout(resolve, Math.max(1, oldest));
    });
    await Promise.race([past, ended.promise, interrupted]);
    clearTimeout(timer);
  };
  const isTooMuch = (wanted: number): boolean => {
    const now = counted();
    // One that alone wants more than there is goes when nothing else does.
    return now.length > 0 && now.reduce((sum, entry) => sum + entry.calls, wanted) > calls;
  };
  const reserve = async (wanted: number, onWait: (seconds: number) => void): Promise<CountedCalls> => {
    let told = false;
    while (!signal.aborted && isTooMuch(wanted)) {
      if (!told) onWait(windowSeconds);
      told = true;
      await untilSomeAreFree();
    }
    // Calls are made until the operation ends, and count from then on.
    const entry = { until: Number.POSITIVE_INFINITY, calls: wanted };
    entries.push(entry);
    tell();
    return entry;
  };
  return {
    async take(operation, onWait) {
      const turn = queue.then(() => reserve(CALLS[operation], onWait));
      queue = turn.then(() => {});
      const entry = await turn;
      return ({ changes }) => {
        entry.calls = callsOf(operation, changes);
        entry.until = Date.now() + windowSeconds * 1000;
        tell();
        ended.resolve();
        ended = Promise.withResolvers();
      };
    },
  };
}
