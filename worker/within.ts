import { type ErrorCode, GatewayError } from "./errors.ts";

/**
 * Waits for something, and no longer than this. What it waited for is not ended: the runtime does that, once the
 * request has been answered.
 * @throws GatewayError with the code
 */
export async function within<T>(timeoutMs: number, waited: Promise<T>, code: ErrorCode): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new GatewayError(code)), timeoutMs);
  try {
    return await Promise.race([waited, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
