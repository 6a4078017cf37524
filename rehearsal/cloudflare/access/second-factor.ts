import type { Context } from "hono";
import type { AccessApp, AccessPolicy } from "../account.ts";
import { durationMs } from "../identifiers.ts";
import type { Attempt } from "./login-attempt.ts";
import { messagePage, secondFactorPage } from "./pages.ts";
import type { Authenticator } from "./people.ts";
import type { Team } from "./team.ts";
import type { SignedIn } from "./team-session.ts";

/** What a policy or an application says of the second factor that Access asks for itself. */
interface MfaConfig {
  readonly allowed_authenticators?: readonly Authenticator[];
  readonly mfa_disabled?: boolean;
  readonly session_duration?: string;
}

/**
 * The page on which a second factor is given, for someone who owes one; undefined for whoever does not. The policy's
 * word counts before the application's, and only a login asks, never a request
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/mfa-requirements/#independent-mfa).
 *
 * @param given what they have proved in this very step
 */
export function askSecondFactor(
  team: Team,
  c: Context,
  { app, policy }: { readonly app: AccessApp; readonly policy: AccessPolicy },
  { hostname, action }: Attempt,
  { person, nonce }: SignedIn,
  given: Authenticator | undefined,
): Response | Promise<Response> | undefined {
  const config = (policy.sent.mfa_config ?? app.sent.mfa_config) as MfaConfig | undefined;
  if (!config || config.mfa_disabled) return undefined;
  const allowed = config.allowed_authenticators ?? [];
  const lifeMs = durationMs(config.session_duration ?? "24h") as number;
  const isFresh = (one: Authenticator) => {
    const at = team.identities.factorsOf(nonce).get(one);
    return one === given || (at !== undefined && team.account.now() < at + lifeMs);
  };
  if (allowed.some(isFresh)) return undefined;
  const enrolled = team.traitsOf(person.email).authenticators ?? [];
  const usable = allowed.filter((one) => enrolled.includes(one));
  if (usable.length === 0)
    return c.html(
      messagePage(
        "No authentication methods set up",
        `Add one at https://${team.account.teamDomain}/AddMfaDevice.`,
      ),
      403,
    );
  const path = action.replace(/\/cdn-cgi\/access\/(login|idp\/[^/]+)\//, "/cdn-cgi/access/mfa/");
  return c.html(secondFactorPage(hostname, path, usable));
}
