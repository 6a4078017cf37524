import type { Exchange } from "../exchange.ts";
import { subjectOf } from "../identity/auth.ts";
import type { Where } from "./lines.ts";

/** What stands where nothing is known. */
export const NONE = "-";

/** What every line about a request begins with. */
export const whereOf = ({ address, requestId, identity }: Exchange): Where => ({
  requestId,
  ip: address ?? NONE,
  subject: identity ? subjectOf(identity) : NONE,
});

/**
 * The client's country: two letters, or `T1` for Tor; `-` where Cloudflare does not know it.
 * https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
export function countryOf({ request }: Exchange): string {
  const country = request.cf?.country;
  return typeof country === "string" && /^[A-Z][A-Z0-9]$/.test(country) ? country : NONE;
}
