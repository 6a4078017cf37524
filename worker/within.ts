import { type ErrorCode, GatewayError } from "./errors.ts";

/**
 * Waits for something, and no longer than this. What it waited for is not ended: the runtime does that, once the
 * request has been answered.
 * @throws GatewayError with the code
 */
export function within<T>(timeoutMs: number, waited: Promise<T>, code: ErrorCode): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new GatewayError(code)), timeoutMs);
  waited.then(resolve, reject);
  const done = () => clearTimeout(timer);
  promise.then(done, done);
  return promise;
}
