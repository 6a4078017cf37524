import type { Exchange } from "./exchange.ts";
import type { Route } from "./routes.ts";

/**
 * Request headers of the client that may reach OpenClaw. All others are dropped: with its own x-openclaw-*, forwarded
 * or authorization headers a client could pick sessions, models and an address of its own.
 */
const REQUEST_HEADERS = [
  "accept",
  "accept-encoding",
  "accept-language",
  "if-modified-since",
  "if-none-match",
] as const;

/** A run's body and answer pass through the Worker, which says itself how they are coded. */
const RUN_REQUEST_HEADERS = ["accept", "accept-language"] as const;

/** A part of a file, as films and sounds are played (RFC 9110, 14). */
const FILE_REQUEST_HEADERS = [...REQUEST_HEADERS, "range", "if-range"] as const;

/** Answer headers of OpenClaw that may reach the client: no cookies, no CORS, no Server, no Clear-Site-Data. */
const RESPONSE_HEADERS = [
  "content-encoding",
  "content-language",
  "content-length", // for the audit; the runtime sets the one that it sends itself
  "content-type",
  "etag",
  "last-modified",
  "retry-after",
  "vary",
] as const;

/** What the Control UI's own answers set for themselves besides. */
const PAGE_HEADERS = ["content-security-policy", "permissions-policy"] as const;

/** Those of a file, or of a part of it. */
const FILE_HEADERS = ["accept-ranges", "content-disposition", "content-range"] as const;

/** What people or agents have placed is shown or kept as a file and nothing else, whatever it holds. */
const PLACED_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

const ANSWER_HEADERS: Readonly<Record<Route["kind"], readonly string[]>> = {
  own: RESPONSE_HEADERS,
  run: RESPONSE_HEADERS,
  api: RESPONSE_HEADERS,
  models: RESPONSE_HEADERS,
  page: [...RESPONSE_HEADERS, ...PAGE_HEADERS],
  asset: [...RESPONSE_HEADERS, ...PAGE_HEADERS],
  placed: [...RESPONSE_HEADERS, ...FILE_HEADERS],
};

/** The allowed headers of a client's request, in lower case. */
export function clientHeaders(headers: Headers, kind: Route["kind"] | undefined): Record<string, string> {
  const allowed: Record<string, string> = {};
  const names =
    kind === "run" ? RUN_REQUEST_HEADERS : kind === "placed" ? FILE_REQUEST_HEADERS : REQUEST_HEADERS;
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) allowed[name] = value;
  }
  return allowed;
}

/**
 * The allowed headers of OpenClaw's answer, in lower case; those of the Control UI keep its own policies. As a plain
 * object: each header that is set in a `Headers` of its own is another call of the runtime.
 */
export function answerHeaders(headers: Headers, kind: Route["kind"]): Record<string, string> {
  const allowed: Record<string, string> = {};
  for (const name of ANSWER_HEADERS[kind]) {
    const value = headers.get(name);
    if (value !== null) allowed[name] = value;
  }
  if (kind === "page" || kind === "asset") restrictFraming(allowed);
  if (kind === "placed") allowed["content-security-policy"] = PLACED_POLICY;
  // OpenClaw knows whether the address names the content; "private", because it stands behind a sign-in.
  if (kind === "asset" && headers.get("cache-control")?.includes("immutable")) {
    allowed["cache-control"] = "private, max-age=31536000, immutable";
  }
  return allowed;
}

/** On every answer, unless it brings a stricter word of its own. */
const DEFAULTS = {
  "cache-control": "no-store, private",
  "content-security-policy":
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
} as const;

/** On every answer, whatever it brings. */
const ALWAYS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex, nofollow",
} as const;

/** A year. Without subdomains and preload: what else runs under the owner's domain is not known here. */
const HSTS = "max-age=31536000";

const ID = "x-request-id";
const HTTP = { ...DEFAULTS, ...ALWAYS } as const;
const HTTPS_ONLY = { ...HTTP, "strict-transport-security": HSTS } as const;

/**
 * These headers with those that every answer has, for an answer that is about to be made; looking at its `headers`
 * again would cost the runtime another object. Over http browsers ignore HSTS (RFC 6797, 8.1).
 * @param headers none of those that every answer has whatever it brings
 */
export function secured(
  headers: Readonly<Record<string, string>>,
  exchange: Exchange,
): Record<string, string> {
  exchange.secured = true;
  return { ...(exchange.gateway?.forceHttps ? HTTPS_ONLY : HTTP), ...headers, [ID]: exchange.requestId };
}

/** Sets what every answer has in one that was made without. */
export function secure({ headers }: Response, exchange: Exchange): void {
  const own: Record<string, string> = {};
  for (const name of Object.keys(DEFAULTS)) {
    const value = headers.get(name);
    if (value !== null) own[name] = value;
  }
  for (const [name, value] of Object.entries(secured(own, exchange))) headers.set(name, value);
}

/** A second policy only narrows the first (CSP Level 3, 8.1): framing stays forbidden whatever OpenClaw says. */
function restrictFraming(headers: Record<string, string>): void {
  const own = headers["content-security-policy"];
  headers["content-security-policy"] = own ? `${own}, frame-ancestors 'none'` : "frame-ancestors 'none'";
}
