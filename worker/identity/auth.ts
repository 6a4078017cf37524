import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Role, RolesVariable } from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { KeysUnavailableError } from "./keys.ts";

/** Who asks, as Access has found out, and what the config lets them do. */
export type Identity = (
  | { readonly kind: "person"; readonly email: string }
  | { readonly kind: "service"; readonly commonName: string; readonly name: string }
) & {
  readonly role: Role;
  /** When the sign-in ends (`exp`), in milliseconds since 1970. */
  readonly expiresAt: number;
};

/** One word for an identity: what counts, sessions and logs go by. People and services never meet in it. */
export const subjectOf = (identity: Identity): string =>
  identity.kind === "person" ? `person:${identity.email}` : `service:${identity.name}`;

/** Clocks of two of Cloudflare's machines may differ by this much; a Worker's stands still while it computes. */
const CLOCK_TOLERANCE_SECONDS = 10;

/** The one place where the token is looked for: the cookie "is not guaranteed to be passed" (validating-json). */
export const ACCESS_TOKEN_HEADER = "cf-access-jwt-assertion";

/**
 * Verifies a request's Access token once more, so that a Worker reached past Access lets nobody in.
 * @throws GatewayError ACCESS_TOKEN_MISSING, ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_INVALID or ACCESS_KEYS_UNAVAILABLE
 */
export async function authenticate(request: Request, gateway: Gateway): Promise<Identity> {
  const token = request.headers.get(ACCESS_TOKEN_HEADER);
  if (!token) throw new GatewayError("ACCESS_TOKEN_MISSING");
  return identityOf(await verify(token, gateway), gateway.roles);
}

async function verify(token: string, gateway: Gateway): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, gateway.keys.keyFor, {
      algorithms: ["RS256"], // pinned: RFC 8725, 3.1
      issuer: gateway.teamDomain,
      audience: gateway.audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS, // nbf is looked at where there is one: service tokens have none
      requiredClaims: ["exp", "iat"],
    });
    return payload;
  } catch (cause) {
    if (cause instanceof KeysUnavailableError) throw new GatewayError("ACCESS_KEYS_UNAVAILABLE", { cause });
    if (cause instanceof errors.JWTExpired) throw new GatewayError("ACCESS_TOKEN_EXPIRED", { cause });
    throw new GatewayError("ACCESS_TOKEN_INVALID", { cause });
  }
}

/**
 * A token of the team's global session has `type` "org" and opens no application; a person has an email, a
 * service a common_name (its client id), nobody both.
 * https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/
 */
function identityOf(claims: JWTPayload, roles: RolesVariable): Identity {
  const { type, iat, exp = 0, email, common_name: commonName } = claims;
  if (type !== "app") throw refused("type is not app");
  if (typeof iat !== "number" || iat > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) {
    throw refused("iat is in the future");
  }
  const expiresAt = exp * 1000;
  if (isName(email) && isAbsent(commonName)) {
    const lower = email.toLowerCase();
    const role = roles.people[lower] ?? roles.people[lower.slice(lower.lastIndexOf("@"))];
    if (!role) throw new GatewayError("ROLE_MISSING");
    return { kind: "person", email: lower, role, expiresAt };
  }
  if (isName(commonName) && isAbsent(email)) {
    const service = roles.services[commonName];
    if (!service) throw refused("not a service of this stack");
    return { kind: "service", commonName, ...service, expiresAt };
  }
  throw refused("not exactly one of email and common_name");
}

const isName = (claim: unknown): claim is string => typeof claim === "string" && claim !== "";
/** Access writes "" for what does not apply (a service's `sub`). */
const isAbsent = (claim: unknown): boolean => claim === undefined || claim === "";

const refused = (reason: string) => new GatewayError("ACCESS_TOKEN_INVALID", { cause: new Error(reason) });
