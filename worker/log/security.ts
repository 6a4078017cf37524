import { networkOf } from "../address.ts";
import type { ErrorCode, GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { reasonOf } from "./causes.ts";
import { Tally } from "./flood.ts";
import type { SecurityEvent, Where } from "./lines.ts";
import { write } from "./log.ts";
import { countryOf, NONE } from "./where.ts";

/** Which refusals are events of their own. The others (no such address, a body too large …) count for the tally alone. */
const EVENT_OF: Readonly<Partial<Record<ErrorCode, SecurityEvent>>> = {
  ACCESS_TOKEN_MISSING: "sign-in refused",
  ACCESS_TOKEN_EXPIRED: "sign-in refused",
  ACCESS_TOKEN_INVALID: "sign-in refused",
  API_KEY_MISSING: "api key refused",
  API_KEY_WRONG: "api key refused",
  ROLE_MISSING: "role refused",
  ROLE_REFUSED: "role refused",
  MODEL_REFUSED: "role refused",
  REMOTE_CONTENT_REFUSED: "role refused",
  SESSION_REFUSED: "role refused",
  RATE_LIMITED: "limit exceeded",
  QUOTA_EXCEEDED: "limit exceeded",
  TOO_MANY_RUNS: "limit exceeded",
  TOO_MANY_SOCKETS: "limit exceeded",
  HTTPS_REQUIRED: "request refused",
  URL_REFUSED: "request refused",
  SECRET_IN_URL: "request refused",
  CROSS_SITE_REFUSED: "request refused",
  WEBSOCKET_ORIGIN_REFUSED: "request refused",
  CLIENT_ADDRESS_REFUSED: "request refused",
};

const HOUR_MS = 3_600_000;
const MAX_KEYS = 1000;

// All of one isolate: another one may tell the same again.
const refusals = new Tally(20, 300_000, MAX_KEYS); // from one network, within five minutes
const signIns = new Tally(1, HOUR_MS, MAX_KEYS);
const browsers = new Tally(1, HOUR_MS, MAX_KEYS);
/** Where a person was last. */
const countries = new Map<string, string>();

/** Tells of a refusal, and when an address collects many of them. */
export function tellRefusal(
  { address, gateway, startedAt }: Exchange,
  where: Where,
  error: GatewayError,
): void {
  const log = gateway?.log;
  if (!log?.securityEvents) return;
  const event = EVENT_OF[error.code];
  if (event) write("warn", { event, ...where, code: error.code, reason: reasonOf(error) }, log);
  const network = networkOf(address);
  if (network && refusals.count(network, startedAt)) {
    write("warn", { event: "many refusals", ...where, code: error.code }, log);
  }
}

/**
 * Tells of an accepted sign-in, once an hour for each identity and isolate, and of what is odd about a request: a
 * person who is in another country than before, a program's service token in a browser.
 */
export function tellIdentity(exchange: Exchange, where: Where): void {
  const { request, gateway, identity, startedAt } = exchange;
  if (!gateway?.log.securityEvents || !identity) return;
  const tell = (level: "info" | "warn", event: SecurityEvent) =>
    write(level, { event, ...where, country: countryOf(exchange) }, gateway.log);
  if (signIns.count(where.subject, startedAt)) tell("info", "sign-in accepted");
  if (identity.kind === "person" && hasMoved(where.subject, countryOf(exchange)))
    tell("warn", "country changed");
  if (
    identity.kind === "service" &&
    isBrowser(request, gateway.corsOrigins) &&
    browsers.count(where.subject, startedAt)
  ) {
    tell("warn", "service token in a browser");
  }
}

function hasMoved(subject: string, country: string): boolean {
  const before = countries.get(subject);
  if (country === NONE || before === country) return false;
  if (countries.size >= MAX_KEYS) countries.clear();
  countries.set(subject, country);
  return before !== undefined;
}

/** Only browsers send Fetch Metadata or an Origin of themselves. The pages of an allowed origin are there on purpose. */
function isBrowser({ headers }: Request, corsOrigins: ReadonlySet<string>): boolean {
  const origin = headers.get("origin");
  return origin === null ? headers.has("sec-fetch-site") : !corsOrigins.has(origin);
}
