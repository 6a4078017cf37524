import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";

/** "Not guaranteed to be passed" is the cookie, never the header (validating-json). */
export const ACCESS_TOKEN_HEADER = "cf-access-jwt-assertion";
const COOKIE = "CF_Authorization=";

/**
 * The Access token of a request. Where there is the header, however bad, only the header counts. The cookie counts
 * where the config says so, in what this gateway's own pages send and in what a person opens in the browser: any page
 * can make a browser send it, so that it alone says nothing of who asked.
 * @throws GatewayError ACCESS_TOKEN_MISSING or ACCESS_TOKEN_INVALID
 */
export function accessTokenOf(request: Request, { acceptCookie }: Gateway): string {
  const header = request.headers.get(ACCESS_TOKEN_HEADER);
  if (header) return header;
  if (header === null && acceptCookie) return cookieOf(request);
  throw new GatewayError("ACCESS_TOKEN_MISSING");
}

function cookieOf(request: Request): string {
  const cookies = (request.headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  const [first, ...others] = cookies.filter((cookie) => cookie.startsWith(COOKIE));
  if (first === undefined) throw new GatewayError("ACCESS_TOKEN_MISSING");
  // A Worker beside this one can set a cookie for both (RFC 6265, 8.6); which of two is Access's, nobody can tell.
  if (others.length > 0) throw refused("ACCESS_TOKEN_INVALID", "the cookie comes twice");
  if (!isOwn(request))
    throw refused("ACCESS_TOKEN_MISSING", "only a cookie, and not from a page of this gateway");
  return first.slice(COOKIE.length);
}

/**
 * Whether a page of this very origin asks, or a person by address bar or bookmark ("none": Fetch Metadata, 2.3). A link
 * from elsewhere and the way back from the login page are "cross-site", a Worker of the same account is "same-site":
 * neither is enough. Chromium opens a WebSocket with an Origin alone.
 */
function isOwn({ url, method, headers }: Request): boolean {
  const origin = headers.get("origin");
  const isThisOrigin = origin === new URL(url).origin;
  if (origin !== null && !isThisOrigin) return false;
  const site = headers.get("sec-fetch-site");
  if (site === "none") return method === "GET" && headers.get("sec-fetch-mode") === "navigate";
  return site === "same-origin" || (site === null && isThisOrigin);
}

const refused = (code: "ACCESS_TOKEN_MISSING" | "ACCESS_TOKEN_INVALID", reason: string) =>
  new GatewayError(code, { cause: new Error(reason) });
