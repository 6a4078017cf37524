/** What the RATE_LIMIT_* variables name: in total, of one identity, of one address. */
export type RateLimit = "REQUESTS" | "PER_USER" | "PER_IP";

/**
 * Name of the `ratelimit` binding that holds a limit. A binding does not tell what it was made with, so its name does:
 * where a variable was changed and the binding was not, the Worker finds none of that name and refuses to start.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
export const rateLimitBinding = (what: RateLimit, limit: number, windowMs: number): string =>
  `LIMIT_${what}_${limit}_IN_${windowMs}_MS`;
