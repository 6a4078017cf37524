import { GatewayError } from "./errors.ts";

/**
 * Cloudflare lets 16 KB through; RFC 9110 (4.1) asks for at least 8,000 octets, and no address of the gateway or of the
 * Control UI comes near.
 * https://developers.cloudflare.com/workers/platform/limits/
 */
const MAX_URL_LENGTH = 8192;

/**
 * Cloudflare lets 128 KB through. Access's token and cookie take a few KB each, a browser keeps 4 KB a cookie; what is
 * passed on to OpenClaw is far less than the 16 KB that its Node.js takes.
 */
const MAX_HEADER_LENGTH = 32 * 1024;

/**
 * Refuses a request whose address or headers are larger than any that makes sense here, before they are worked on.
 * @throws GatewayError URL_TOO_LONG or HEADERS_TOO_LARGE
 */
export function checkSizes({ url, headers }: Request): void {
  if (url.length > MAX_URL_LENGTH) throw new GatewayError("URL_TOO_LONG");
  let length = 0;
  // Their names alone cannot grow as large. An iterator would cost the runtime an object for each.
  headers.forEach((value) => {
    length += value.length;
  });
  if (length > MAX_HEADER_LENGTH) throw new GatewayError("HEADERS_TOO_LARGE");
}
