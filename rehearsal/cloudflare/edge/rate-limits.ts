import type { Binding } from "../account.ts";

/** Counters of the `ratelimit` bindings of one account. */
export interface RateLimits {
  /** Counts in a request of this key. @returns whether it is within the binding's limit */
  count(binding: Binding, key: string): boolean;
}

/**
 * Counts in fixed periods of this clock (milliseconds since the epoch). Counters belong to a namespace: all Workers of the account that name it share them, and
 * every version of each. Unlike the real ones they are exact, and there is one location
 * (https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/).
 */
export function createRateLimits(now: () => number): RateLimits {
  const counters = new Map<string, { readonly period: number; readonly counts: Map<string, number> }>();
  return {
    count({ namespace_id: namespace, simple }, key) {
      const { limit, period: seconds } = simple as { limit: number; period: 10 | 60 };
      const period = Math.floor(now() / (seconds * 1000));
      let counter = counters.get(`${namespace} ${seconds}`);
      if (counter?.period !== period) {
        counter = { period, counts: new Map() };
        counters.set(`${namespace} ${seconds}`, counter);
      }
      const counted = counter.counts.get(key) ?? 0;
      if (counted >= limit) return false;
      counter.counts.set(key, counted + 1);
      return true;
    },
  };
}
