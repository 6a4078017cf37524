import type { Gateway } from "./config.ts";
import { isAllowedOrigin } from "./cors.ts";
import { GatewayError } from "./errors.ts";

/**
 * Refuses what a page of another site makes a signed-in browser send. `workers.dev` is a public suffix, so all
 * Workers of an account are one site: "same-site" is refused too. Callers that are no browsers send none of these
 * headers. A link from elsewhere, and the way back from the login page, may open a page (Fetch Metadata, 2.3); the
 * pages of an origin that the config allows may call the API.
 * @throws GatewayError CROSS_SITE_REFUSED
 */
export function checkSite(request: Request, path: string, gateway: Gateway): void {
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== new URL(request.url).origin) {
    // A form sends an Origin too, but navigates: what it asks for, no page ever reads.
    if (isAllowedOrigin(request, path, gateway) && request.headers.get("sec-fetch-mode") !== "navigate")
      return;
    throw new GatewayError("CROSS_SITE_REFUSED");
  }
  if (!site || site === "same-origin" || site === "none" || isLink(request)) return;
  throw new GatewayError("CROSS_SITE_REFUSED");
}

function isLink({ method, headers }: Request): boolean {
  return (
    method === "GET" &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document"
  );
}
