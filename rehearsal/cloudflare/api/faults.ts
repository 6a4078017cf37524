import type { MiddlewareHandler } from "hono";
import { ApiError } from "./envelope.ts";

/** What can go wrong on request, between a client and the API or behind it. */
export interface Faults {
  /** The next such call is done, and its answer never arrives: the connection is cut. */
  loseAnswer(method: string, path: RegExp): void;
  /** The next such call is not done and answered with this status. */
  failOnce(method: string, path: RegExp, status: number): void;
  /** The next such call waits, as in a slow network, until it is released. */
  hold(method: string, path: RegExp): HeldCall;
  /**
   * From now on this many calls in so many seconds (300 by default), then only 429 for as long again. Cloudflare's
   * own budget, 1,200 in 300 s, is what counts without it.
   */
  budget(calls: number, windowSeconds?: number): void;
  /** Changes of Access applications and policies count this much later at the edge. The API tells them at once. */
  policyDelay(seconds: number): void;
  /** Ends all of these, and starts the usual budget anew. */
  clear(): void;
}

/** A call that has come, or will, and waits. */
export interface HeldCall {
  readonly arrived: Promise<void>;
  release(): void;
}

/** The faults of the API alone, and the middleware that plays them. */
export interface ApiFaults extends Omit<Faults, "policyDelay"> {
  readonly middleware: MiddlewareHandler;
}

interface Armed {
  readonly method: string;
  readonly path: RegExp;
  /** Without this and `hold`: the answer is lost. */
  readonly status?: number;
  readonly hold?: () => Promise<void>;
}

/** https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
const usual = { calls: 1200, windowSeconds: 300 };

/**
 * @param basePath what the paths of calls are told without
 * @param now milliseconds since the epoch
 * @param cut ends the connection that a call came on
 */
export function createApiFaults(
  basePath: string,
  now: () => number,
  cut: (bindings: unknown) => Response,
): ApiFaults {
  let armed: Armed[] = [];
  let allowed = usual;
  let window = { from: now(), used: 0 };
  let closedUntil = 0;

  const take = (method: string, path: string): Armed | undefined => {
    const index = armed.findIndex((one) => one.method === method && one.path.test(path));
    return index < 0 ? undefined : armed.splice(index, 1)[0];
  };

  /** Seconds to wait, or 0 when the call is within the budget. All tokens share it, as those of one user do. */
  const overBudget = (): number => {
    const time = now();
    const windowMs = allowed.windowSeconds * 1000;
    if (time >= closedUntil && closedUntil > 0) {
      closedUntil = 0;
      window = { from: time, used: 0 };
    }
    if (time - window.from >= windowMs) window = { from: time, used: 0 };
    if (closedUntil === 0 && ++window.used > allowed.calls) closedUntil = time + windowMs;
    return closedUntil === 0 ? 0 : Math.ceil((closedUntil - time) / 1000);
  };

  return {
    loseAnswer: (method, path) => armed.push({ method: method.toUpperCase(), path }),
    failOnce: (method, path, status) => armed.push({ method: method.toUpperCase(), path, status }),
    hold: (method, path) => {
      const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const hold = () => {
        arrived.resolve();
        return released.promise;
      };
      armed.push({ method: method.toUpperCase(), path, hold });
      return { arrived: arrived.promise, release: () => released.resolve() };
    },
    budget: (calls, windowSeconds = usual.windowSeconds) => {
      allowed = { calls, windowSeconds };
      window = { from: now(), used: 0 };
      closedUntil = 0;
    },
    clear: () => {
      armed = [];
      allowed = usual;
      window = { from: now(), used: 0 };
      closedUntil = 0;
    },
    middleware: async (c, next) => {
      const wait = overBudget();
      if (wait > 0) {
        c.header("retry-after", String(wait));
        throw new ApiError(429, 971, "Please wait and consider throttling your request speed");
      }
      const fault = take(c.req.method, c.req.path.slice(basePath.length));
      if (fault?.status !== undefined) throw new ApiError(fault.status as never, 7010, "Service unavailable");
      await fault?.hold?.();
      await next();
      if (fault && !fault.hold) c.res = cut(c.env);
    },
  };
}
