import type { AccessApp, Account, Kept } from "../account.ts";

export const isOneTimeCode = (method: Kept): boolean => method.sent.type === "onetimepin";

/** How one may sign in to an application: by the account's login methods, or those of them that it allows. */
export function methodsFor(account: Account, app: AccessApp): Kept[] {
  const allowed = (app.sent.allowed_idps as readonly string[] | undefined) ?? [];
  return account.identityProviders
    .list()
    .filter((method) => allowed.length === 0 || allowed.includes(method.id));
}

/**
 * Whether a provider vouches for an address. Cloudflare's own knows the account's members and nobody else; what any
 * other knows is not the rehearsal's to say, so it vouches for all.
 */
export const vouchesFor = (account: Account, method: Kept, email: string): boolean =>
  method.sent.type !== "cloudflare" ||
  account.members.some((member) => member.toLowerCase() === email.toLowerCase());
