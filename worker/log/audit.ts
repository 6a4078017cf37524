import type { Gateway } from "../config.ts";
import type { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { detailOf } from "./causes.ts";
import { Sample } from "./flood.ts";
import type { Where } from "./lines.ts";
import { write } from "./log.ts";
import { tellIdentity, tellRefusal } from "./security.ts";
import { type Sent, watchSending } from "./sending.ts";
import { countryOf, NONE, whereOf } from "./where.ts";

/** What anybody on the internet can cause writes at most this many lines of a kind in a minute and isolate. */
const unknown = new Sample(60, 60_000);

/**
 * Writes the request's line of the audit trail once its answer has been sent or has broken off, tells of a failure,
 * and of what concerns security.
 * @param error why the request was refused or failed
 * @returns the answer to send: the same, or one with its body watched
 */
export function audited(exchange: Exchange, answer: Response, error: GatewayError | undefined): Response {
  const { gateway, startedAt } = exchange;
  const requests = unknown.leftOut(startedAt);
  if (requests > 0) write("warn", { event: "left out", requests }, gateway?.log);
  if (isAnybodys(exchange, error) && !unknown.take(startedAt)) return answer;
  if (!error && !gateway?.log.audit && !gateway?.log.securityEvents) return answer;
  const where = whereOf(exchange);
  tellIdentity(exchange, where);
  if (error && error.status >= 500) tellFailure(gateway, where, error);
  else if (error) tellRefusal(exchange, where, error);
  if (!gateway?.log.audit) return answer;
  const ended = (sent: Sent) => writeRequest(exchange, where, answer, error, sent);
  return watchSending(answer, exchange, ended);
}

/** Writes the line of a WebSocket that has ended, with the code that the client got or gave (RFC 6455, 7.4). */
export function auditSocket(exchange: Exchange, closeCode: number): void {
  const ms = Date.now() - exchange.startedAt;
  write("info", { event: "socket", ...whereOf(exchange), closeCode, ms }, exchange.gateway?.log);
}

/** Whether a line would be one that a flood can repeat without end. */
const isAnybodys = ({ identity }: Exchange, error: GatewayError | undefined): boolean =>
  !identity || error?.code === "RATE_LIMITED";

function tellFailure(gateway: Gateway | undefined, where: Where, error: GatewayError): void {
  const signIn = gateway?.signIn;
  const detail = detailOf(error, signIn?.mode === "token" ? [signIn.gatewayToken] : []);
  write("error", { event: "failure", ...where, code: error.code, detail }, gateway?.log);
}

function writeRequest(
  exchange: Exchange,
  where: Where,
  { status, headers }: Response,
  error: GatewayError | undefined,
  sent: Sent,
): void {
  const { request, identity, route, startedAt, gateway } = exchange;
  const line = {
    event: "request",
    ...where,
    role: identity?.role ?? NONE,
    route: route ?? NONE,
    method: request.method,
    status,
    code: error?.code ?? NONE,
    bytes: sent.bytes,
    ms: Date.now() - startedAt,
    streaming: headers.get("content-type")?.startsWith("text/event-stream") ?? false,
    aborted: sent.aborted,
    country: countryOf(exchange),
    ray: rayOf(request.headers),
  } as const;
  write("info", line, gateway?.log);
}

/** The number by which Cloudflare's own logs and support know the request. */
function rayOf(headers: Headers): string {
  const ray = headers.get("cf-ray") ?? "";
  return /^[0-9a-f]{16}(-[A-Z]{3})?$/.test(ray) ? ray : NONE;
}
