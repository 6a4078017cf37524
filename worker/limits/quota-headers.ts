import type { Quota } from "../../contract/roles.ts";

/** What an identity has left of its day. */
export interface DayLeft {
  readonly requestsLeft: number;
  readonly tokensLeft: number;
  /** Until midnight UTC, at least 1. */
  readonly secondsLeft: number;
}

/** All names that `quotaHeaders` can set. */
export const QUOTA_HEADERS = ["requests", "tokens"].flatMap((what) => [
  `x-ratelimit-limit-${what}`,
  `x-ratelimit-remaining-${what}`,
  `x-ratelimit-reset-${what}`,
]);

/**
 * What is left, as OpenAI's clients read it. The ledger counts exactly, so this is no guess; the tokens are those
 * before this run.
 * https://platform.openai.com/docs/guides/rate-limits ("Rate limits in headers")
 */
export function quotaHeaders(quota: Quota, left: DayLeft): Record<string, string> {
  return {
    ...about("requests", quota.requestsPerDay, left.requestsLeft, left.secondsLeft),
    ...about("tokens", quota.tokensPerDay, left.tokensLeft, left.secondsLeft),
  };
}

function about(
  what: string,
  limit: number | undefined,
  left: number,
  seconds: number,
): Record<string, string> {
  if (limit === undefined) return {};
  return {
    [`x-ratelimit-limit-${what}`]: String(limit),
    [`x-ratelimit-remaining-${what}`]: String(left),
    [`x-ratelimit-reset-${what}`]: duration(seconds),
  };
}

/** As Go writes a duration, and OpenAI with it: 1s, 6m0s, 23h59m59s. */
function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours ? `${hours}h` : ""}${hours || minutes ? `${minutes}m` : ""}${seconds % 60}s`;
}
