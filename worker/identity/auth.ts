import { errors, type JWSHeaderParameters, jwtVerify } from "jose";
import type { Role } from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { accessTokenOf } from "./access-token.ts";
import { CLOCK_TOLERANCE_SECONDS, identityOf } from "./claims.ts";
import { type Anchor, type KeySet, KeysUnavailableError } from "./keys.ts";

/** Who asks, as Access has found out, and what the config lets them do. The same object for the same token. */
export type Identity = (
  | { readonly kind: "person"; readonly email: string }
  | { readonly kind: "service"; readonly commonName: string; readonly name: string }
) & {
  readonly role: Role;
  /** One word for it: what counts, sessions and logs go by. People and services never meet in it. */
  readonly subject: string;
  /** When the sign-in ends (`exp`), in milliseconds since 1970. */
  readonly expiresAt: number;
};

export const subjectOf = ({ subject }: Identity): string => subject;

/** Access's tokens have about 1 KB, and fit into a cookie, which browsers cut at 4 KB. */
const MAX_TOKEN_LENGTH = 8192;
/** RFC 7515, 7.1: three parts in base64url, without padding, and nothing around them. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Verifies a request's Access token once more, so that a Worker reached past Access lets nobody in. A token that was
 * verified before is only looked up, as long as it has not expired and its key has not been withdrawn.
 * @throws GatewayError ACCESS_TOKEN_MISSING, ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_INVALID, ACCESS_KEYS_UNAVAILABLE or
 *   ROLE_MISSING
 */
export function authenticate(
  request: Request,
  gateway: Gateway,
  anchor: Anchor,
): Identity | Promise<Identity> {
  const token = accessTokenOf(request, gateway);
  const now = Date.now();
  return gateway.keys.atHand(now, anchor)?.accepted.find(token, now) ?? verify(token, gateway, anchor);
}

async function verify(token: string, gateway: Gateway, anchor: Anchor): Promise<Identity> {
  let keys: KeySet | undefined;
  const keyOf = async ({ kid }: JWSHeaderParameters): Promise<CryptoKey> => {
    keys = typeof kid === "string" ? await gateway.keys.having(kid, anchor) : undefined;
    const cert = keys?.certs.get(kid as string);
    if (!cert) throw new errors.JWKSNoMatchingKey();
    return cert.key;
  };
  try {
    if (token.length > MAX_TOKEN_LENGTH || !COMPACT.test(token)) throw new errors.JWSInvalid();
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ["RS256"], // pinned: RFC 8725, 3.1
      issuer: gateway.teamDomain,
      audience: gateway.audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS, // nbf is looked at where there is one: service tokens have none
      requiredClaims: ["exp", "iat"],
    });
    const identity = identityOf(payload, gateway.roles);
    keys?.accepted.add(token, identity);
    return identity;
  } catch (cause) {
    throw refusalOf(cause);
  }
}

function refusalOf(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof KeysUnavailableError) return new GatewayError("ACCESS_KEYS_UNAVAILABLE", { cause });
  if (cause instanceof errors.JWTExpired) return new GatewayError("ACCESS_TOKEN_EXPIRED", { cause });
  return new GatewayError("ACCESS_TOKEN_INVALID", { cause });
}
