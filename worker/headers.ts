/**
 * Request headers of the client that may reach OpenClaw. All others are dropped: with its own x-openclaw-*, forwarded
 * or authorization headers a client could pick sessions, models and an address of its own.
 */
const REQUEST_HEADERS = [
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "if-modified-since",
  "if-none-match",
] as const;

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

/** Copies the allowed headers of a client's request. */
export function clientHeaders(headers: Headers): Headers {
  return pick(headers, REQUEST_HEADERS);
}

/**
 * Copies the allowed headers of OpenClaw's answer.
 * @param page whether it belongs to the Control UI, whose own policies are kept
 * @param immutable whether its address changes with its content, so that a browser may keep it
 */
export function answerHeaders(headers: Headers, page: boolean, immutable: boolean): Headers {
  const picked = pick(headers, page ? [...RESPONSE_HEADERS, ...PAGE_HEADERS] : RESPONSE_HEADERS);
  if (page) restrictFraming(picked);
  // OpenClaw knows whether the address names the content; "private", because it stands behind a sign-in.
  if (immutable && headers.get("cache-control")?.includes("immutable")) {
    picked.set("cache-control", "private, max-age=31536000, immutable");
  }
  return picked;
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

/**
 * Sets the security headers of an answer in place.
 * @param httpsOnly whether browsers shall never ask over http again (RFC 6797; over http they ignore it)
 */
export function secure(headers: Headers, httpsOnly: boolean): void {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  for (const [name, value] of Object.entries(ALWAYS)) headers.set(name, value);
  if (httpsOnly) headers.set("strict-transport-security", HSTS);
}

/** A second policy only narrows the first (CSP Level 3, 8.1): framing stays forbidden whatever OpenClaw says. */
function restrictFraming(headers: Headers): void {
  const own = headers.get("content-security-policy");
  headers.set("content-security-policy", own ? `${own}, frame-ancestors 'none'` : "frame-ancestors 'none'");
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}
