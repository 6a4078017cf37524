import type { Kept } from "../account.ts";
import type { Person } from "./rules.ts";
import type { Team } from "./team.ts";

/** What Access asks for itself as a second factor, by its names. */
export const AUTHENTICATORS = ["totp", "biometrics", "security_key"] as const;
export type Authenticator = (typeof AUTHENTICATORS)[number];

/** What a person has besides an address, and where they are. What nobody says of them is not so. */
export interface Traits {
  /** Two letters; where every client of the edge is when not said. */
  readonly country?: string;
  readonly ip?: string;
  /** Ids of the posture checks that their device passes; without Cloudflare's client on it: none. */
  readonly devicePostures?: readonly string[];
  /** How they prove who they are to a login service, by RFC 8176, such as `mfa`. Few services hand it on. */
  readonly authMethods?: readonly string[];
  /** What they have enrolled with Access. */
  readonly authenticators?: readonly Authenticator[];
}

/** Login methods that hand on how someone proved who they are (Cloudflare's page on enforcing MFA). */
const telling = new Set(["azureAD", "oidc", "okta", "saml"]);

/** Someone who has just proved an address by a login method. */
export function whoSignsIn(team: Team, email: string, method: Kept): Person {
  const authMethods = telling.has(String(method.sent.type)) ? team.traitsOf(email).authMethods : undefined;
  return asSeenNow(team, { email, ...team.client, loginMethod: method.id, authMethods });
}

/** A person as their next request shows them: where they are and what their device passes may have changed. */
export function asSeenNow(team: Team, person: Person): Person {
  const { country = team.client.country, ip = team.client.ip, devicePostures } = team.traitsOf(person.email);
  return { ...person, country, ip, devicePostures };
}
