import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Gateway } from "./config.ts";
import { GatewayError } from "./errors.ts";
import { KeysUnavailableError } from "./keys.ts";

/** Who asks, as Access has found out. */
export type Identity =
  | { readonly kind: "person"; readonly email: string }
  | { readonly kind: "service"; readonly commonName: string };

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
  return identityOf(await verify(token, gateway));
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
function identityOf(claims: JWTPayload): Identity {
  const { type, iat, email, common_name: commonName } = claims;
  if (type !== "app") throw refused("type is not app");
  if (typeof iat !== "number" || iat > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) {
    throw refused("iat is in the future");
  }
  if (isName(email) && isAbsent(commonName)) return { kind: "person", email };
  if (isName(commonName) && isAbsent(email)) return { kind: "service", commonName };
  throw refused("not exactly one of email and common_name");
}

const isName = (claim: unknown): claim is string => typeof claim === "string" && claim !== "";
/** Access writes "" for what does not apply (a service's `sub`). */
const isAbsent = (claim: unknown): boolean => claim === undefined || claim === "";

const refused = (reason: string) => new GatewayError("ACCESS_TOKEN_INVALID", { cause: new Error(reason) });
