import { GatewayError } from "./errors.ts";

/** What a program sends along and a browser's address bar does not. */
const CREDENTIALS = ["authorization", "cf-access-client-secret", "cf-access-token"];

/**
 * Leads a page asked for over http to https. Anything else is told, since it has sent its secrets in clear already and
 * a redirect would hide that for good.
 * @returns the redirect, or nothing when the request came over https
 * @throws GatewayError HTTPS_REQUIRED
 */
export function toHttps({ url, method, headers }: Request): Response | undefined {
  if (url.startsWith("https://")) return undefined;
  if ((method !== "GET" && method !== "HEAD") || CREDENTIALS.some((name) => headers.has(name)))
    throw new GatewayError("HTTPS_REQUIRED");
  const target = new URL(url);
  target.protocol = "https:";
  return new Response(null, { status: 308, headers: { location: target.href } });
}
