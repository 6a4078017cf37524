import type { Gateway } from "./config.ts";
import { type ErrorCode, GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { type Caller, fetchOpenClaw, type OpenClawWay } from "./openclaw.ts";
import { EXACT } from "./route-table.ts";

/**
 * Asks OpenClaw through the tunnel whether it takes requests. Its `/readyz` wants no credentials, and tells a caller
 * from outside only yes or no; what is in the way is named as for any request.
 * @returns 200 with `{"status":"ready"}`, or 503 with `{"status":"not ready","code":…}`
 * @throws GatewayError CLIENT_ADDRESS_REFUSED
 */
export async function ready(exchange: Exchange, gateway: Gateway): Promise<Response> {
  const code = await obstacle(exchange, gateway);
  return code
    ? Response.json({ status: "not ready", code }, { status: 503 })
    : Response.json({ status: "ready" });
}

/**
 * What keeps OpenClaw from taking requests, or nothing. The probe of a shared stack asks this too.
 * @throws GatewayError CLIENT_ADDRESS_REFUSED
 */
export async function obstacle(exchange: Caller, gateway: OpenClawWay): Promise<ErrorCode | undefined> {
  const { target = "/readyz", timeoutMs } = EXACT.get("/ready") ?? {};
  try {
    const answer = await fetchOpenClaw(gateway, { exchange, target, timeoutMs, identity: undefined });
    const json = answer.headers.get("content-type")?.startsWith("application/json") ?? false;
    await answer.body?.cancel();
    if (answer.status === 503) return "OPENCLAW_STARTING";
    return answer.status === 200 && json ? undefined : "OPENCLAW_UNEXPECTED";
  } catch (error) {
    if (error instanceof GatewayError && error.status >= 500) return error.code;
    throw error;
  }
}
