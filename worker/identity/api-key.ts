import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Identity } from "./auth.ts";

/** RFC 6750, 2.1; the scheme's case does not matter (RFC 9110, 11.1). */
const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/**
 * The second key, where one is configured: every service brings it with every request, as `Authorization: Bearer`, so
 * that a service token which got lost opens nothing by itself.
 *
 * People are not asked: they have signed in themselves, with all that the login method asks for. A page cannot hold a
 * key that its reader does not have, and what tells this gateway's pages from a program (Sec-Fetch-Site, Origin), any
 * program can send too: to ask only the others would be a wall for nobody. The Control UI's own Authorization is
 * OpenClaw's token, which the Worker does not pass on.
 * @throws GatewayError API_KEY_MISSING or API_KEY_WRONG
 */
export function checkApiKey(
  request: Request,
  identity: Identity,
  { apiKeyHashes }: Gateway,
): void | Promise<void> {
  if (identity.kind === "service" && apiKeyHashes.length > 0) return check(request.headers, apiKeyHashes);
}

async function check(headers: Headers, hashes: readonly Uint8Array[]): Promise<void> {
  const key = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  if (key === undefined) throw new GatewayError("API_KEY_MISSING");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  // All of them always: how long it takes tells neither how much of a key is right nor which one it is.
  const matches = hashes.filter((good) => crypto.subtle.timingSafeEqual(hash, good));
  if (matches.length === 0) throw new GatewayError("API_KEY_WRONG");
}
