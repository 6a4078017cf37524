import type { Gateway } from "./config.ts";
import { QUOTA_HEADERS } from "./limits/quota-headers.ts";
import { pathOf } from "./paths.ts";

/** The API is all that another origin's page may ever call: no page, no asset, no socket. */
const API = "/v1/";

const METHODS = "GET, POST, HEAD";

/** What a caller of the API sends. */
const HEADERS = [
  "Authorization",
  "Content-Type",
  "CF-Access-Client-Id",
  "CF-Access-Client-Secret",
  "X-Requested-With",
].join(", ");

/**
 * OpenAI's SDKs tell of their version, system and retries in such headers, new ones with new versions
 * (https://github.com/openai/openai-node/pull/1087). They end here.
 */
const SDK_HEADER = /^x-stainless-[a-z-]{1,40}$/;

/** Beyond what every page may read (Fetch, CORS-safelisted response-header names). */
const EXPOSED = ["x-request-id", "retry-after", "x-should-retry", ...QUOTA_HEADERS].join(", ");

/** How long a browser may go by a preflight's answer; Chromium keeps it two hours at most. */
const MAX_AGE_SECONDS = 7200;

/** Whether a request comes from a page of an origin that the config names, letter for letter, and is for the API. */
export function isAllowedOrigin(request: Request, path: string, { corsOrigins }: Gateway): boolean {
  const origin = request.headers.get("origin");
  return origin !== null && corsOrigins.has(origin) && path.startsWith(API);
}

/**
 * Answers a preflight here: it carries no identity and never reaches OpenClaw, which answers OPTIONS with 405. It gets
 * 204 whatever it asks for, so that it tells nothing of which paths there are; `allowOrigin` says who may go on.
 */
export function preflight(request: Request, path: string, gateway: Gateway): Response {
  const headers = new Headers();
  if (isAllowedOrigin(request, path, gateway)) {
    const asked = (request.headers.get("access-control-request-headers") ?? "").toLowerCase().split(",", 50);
    const fromSdk = asked.map((name) => name.trim()).filter((name) => SDK_HEADER.test(name));
    headers.set("access-control-allow-methods", METHODS);
    headers.set("access-control-allow-headers", [HEADERS, ...fromSdk].join(", "));
    headers.set("access-control-max-age", String(MAX_AGE_SECONDS));
  }
  return new Response(null, { status: 204, headers });
}

/**
 * Lets the page of an allowed origin read an answer, refusals too; sets headers in place. With credentials, so that
 * a signed-in person's cookie can reach Access: the origin is named exactly, never `*` (Fetch, 3.3.5).
 */
export function allowOrigin(answer: Response, request: Request, gateway: Gateway): void {
  if (gateway.corsOrigins.size === 0) return;
  const { headers } = answer;
  headers.append("vary", "Origin"); // on every answer, or a cache could give one origin's to another
  if (!isAllowedOrigin(request, pathOf(request.url), gateway)) return;
  headers.set("access-control-allow-origin", request.headers.get("origin") ?? "");
  headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", EXPOSED);
}
