import { networkOf } from "../address.ts";
import type { Gateway, Limits } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type Identity, subjectOf } from "../identity/auth.ts";
import { tellUncounted } from "./uncounted.ts";

/**
 * Limits one address, before it is known who asks: everything counts, assets and preflights too.
 *
 * On Cloudflare the address is never missing. Should it be, or be none of the internet, all such requests share one
 * count, so that leaving it out is no way around.
 * @throws GatewayError RATE_LIMITED with Retry-After
 */
export function limitAddress({ address }: Exchange, gateway: Gateway): void | Promise<void> {
  const { limits } = gateway;
  if (limits) return count("perIp", `address:${networkOf(address) ?? "none"}`, limits, gateway);
}

/**
 * Limits one identity, then everyone together. What the first one refuses is not counted by the second, so that nobody
 * uses up what is there for all.
 * @throws GatewayError RATE_LIMITED with Retry-After
 */
export async function limitIdentity(identity: Identity, gateway: Gateway): Promise<void> {
  const { limits } = gateway;
  if (!limits) return;
  await count("perUser", `identity:${subjectOf(identity)}`, limits, gateway);
  await count("requests", "everyone", limits, gateway);
}

/**
 * A binding that fails lets the request through, and is logged. It is no accounting ("permissive, eventually
 * consistent"), so nothing is built on it that must hold: the sign-in is checked all the same, and a quota is counted
 * by the ledger, which refuses when it fails. To refuse here too would lock the owner out for a counter's trouble.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/#accuracy
 */
async function count(
  limit: "perIp" | "perUser" | "requests",
  key: string,
  limits: Limits,
  gateway: Gateway,
): Promise<void> {
  let success = true;
  try {
    ({ success } = await limits[limit].limit({ key }));
  } catch (cause) {
    tellUncounted(new GatewayError("RATE_LIMITED", { cause }), gateway);
  }
  if (success) return;
  // The binding tells no more than yes or no. After a whole window nothing of this one counts any more.
  throw new GatewayError("RATE_LIMITED", { headers: { "retry-after": String(limits.windowMs / 1000) } });
}
