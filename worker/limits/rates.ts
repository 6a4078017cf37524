import { networkOf } from "../address.ts";
import type { Gateway, Limits } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { type Identity, subjectOf } from "../identity/auth.ts";

/**
 * Limits one address, before it is known who asks: everything counts, assets and preflights too.
 *
 * On Cloudflare the address is never missing. Should it be, or be none of the internet, all such requests share one
 * count, so that leaving it out is no way around.
 * @throws GatewayError RATE_LIMITED with Retry-After
 */
export async function limitAddress({ headers }: Request, { limits }: Gateway): Promise<void> {
  if (!limits) return;
  await count(limits.perIp, `address:${networkOf(headers.get("cf-connecting-ip")) ?? "none"}`, limits);
}

/**
 * Limits one identity, then everyone together. What the first one refuses is not counted by the second, so that nobody
 * uses up what is there for all.
 * @throws GatewayError RATE_LIMITED with Retry-After
 */
export async function limitIdentity(identity: Identity, { limits }: Gateway): Promise<void> {
  if (!limits) return;
  await count(limits.perUser, `identity:${subjectOf(identity)}`, limits);
  await count(limits.requests, "everyone", limits);
}

/**
 * A binding that fails lets the request through, and is logged. It is no accounting ("permissive, eventually
 * consistent"), so nothing is built on it that must hold: the sign-in is checked all the same, and a quota is counted
 * by the ledger, which refuses when it fails. To refuse here too would lock the owner out for a counter's trouble.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/#accuracy
 */
async function count(binding: RateLimit, key: string, { windowMs }: Limits): Promise<void> {
  let success = true;
  try {
    ({ success } = await binding.limit({ key }));
  } catch (cause) {
    console.error(
      JSON.stringify({ level: "error", event: "rate_limit_failed", detail: String(cause).slice(0, 300) }),
    );
  }
  // The binding tells no more than yes or no. After a whole window nothing of this one counts any more.
  if (!success)
    throw new GatewayError("RATE_LIMITED", { headers: { "retry-after": String(windowMs / 1000) } });
}
