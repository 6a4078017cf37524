import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import type { ErrorCode } from "./error-codes.ts";

const code: ErrorCode = "CLOUDFLARE_LOGIN_LIMITED";

/**
 * Looks which logins the team's page can offer.
 *
 * Zero Trust organizations made since June 2026 begin, as public reports have it, with Cloudflare's own login alone,
 * which lets in members of the Cloudflare account and nobody else; older ones begin with the one-time code by email
 * (https://developers.cloudflare.com/cloudflare-one/integrations/identity-providers/one-time-pin/). There can be one
 * of these in an account, so no single stack may own it.
 *
 * @returns what to tell the person, with the way to more logins; undefined when others than the account's members can
 *   log in
 */
export async function limitedLogins(accountId: string, api: CloudflareApi): Promise<string | undefined> {
  const providers = await readCloudflare<{ type: string }[]>(
    `/accounts/${accountId}/access/identity_providers`,
    api,
  );
  if (providers.some(({ type }) => type !== "cloudflare")) return undefined;
  return [
    `${code}: the login page ${providers.length === 0 ? "offers no login at all" : "lets in only members of this Cloudflare account, whatever access.emails says"}`,
    `  for codes by email: https://one.dash.cloudflare.com/${accountId}/settings/authentication, Login methods, Add new, One-time PIN`,
  ].join("\n");
}
