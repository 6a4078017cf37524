import { errorPage } from "./error-page.ts";
import type { ErrorCode, GatewayError } from "./errors.ts";

/** The answer for an error: a page for a person who navigates, else OpenAI's error object. */
export function errorAnswer(error: GatewayError, request: Request, requestId: string): Response {
  const answer = isNavigation(request) ? errorPage(error, requestId) : json(error, requestId);
  const challenge = CHALLENGES[error.code];
  if (challenge) answer.headers.set("www-authenticate", challenge);
  return answer;
}

/** https://platform.openai.com/docs/guides/error-codes: `error` with message, type, param, code. */
function json(error: GatewayError, requestId: string): Response {
  const { message, code, status } = error;
  return Response.json(
    { error: { message, type: typeOf(status), param: null, code, request_id: requestId } },
    { status, headers: error.headers },
  );
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "api_error";
}

/**
 * A 401 names what it wants (RFC 9110, 11.6.1), and `invalid_token` where it got one (RFC 6750, 3.1). Access has no
 * registered scheme; its token is a bearer token in a header of its own, which the realm says. No browser asks its
 * user for a bearer token, so nobody sees a dialog.
 */
const CHALLENGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  ACCESS_TOKEN_MISSING: 'Bearer realm="Cloudflare Access"',
  ACCESS_TOKEN_EXPIRED: 'Bearer realm="Cloudflare Access", error="invalid_token"',
  ACCESS_TOKEN_INVALID: 'Bearer realm="Cloudflare Access", error="invalid_token"',
  API_KEY_MISSING: 'Bearer realm="API key"',
  API_KEY_WRONG: 'Bearer realm="API key", error="invalid_token"',
};

/** Whether a browser's address bar or a link asks, so that a page is wanted (Fetch Metadata, else Accept). */
function isNavigation(request: Request): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  const mode = request.headers.get("sec-fetch-mode");
  return mode ? mode === "navigate" : (request.headers.get("accept")?.startsWith("text/html") ?? false);
}
