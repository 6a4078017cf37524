import type { JWTPayload } from "jose";
import type { RolesVariable } from "../../contract/roles.ts";
import { GatewayError } from "../errors.ts";
import type { Identity } from "./auth.ts";

/** Clocks of two of Cloudflare's machines may differ by this much; a Worker's stands still while it computes. */
export const CLOCK_TOLERANCE_SECONDS = 10;

/** RFC 5321, 4.5.3.1.3, without the brackets. */
const MAX_EMAIL_LENGTH = 254;

/**
 * Who a verified token is about. A token of the team's global session has `type` "org" and opens no application; a
 * person has an email, a service a common_name (its client id), nobody both.
 * https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/
 * @throws GatewayError ACCESS_TOKEN_INVALID, ACCESS_TOKEN_EXPIRED or ROLE_MISSING
 */
export function identityOf(claims: JWTPayload, roles: RolesVariable): Identity {
  const { type, aud, iat, exp = 0, email, common_name: commonName } = claims;
  if (type !== "app") throw refused("type is not app");
  if (typeof aud !== "string" && !aud?.every((audience) => typeof audience === "string"))
    throw refused("aud is no list of texts");
  if (typeof iat !== "number" || iat > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS)
    throw refused("iat is in the future");
  const expiresAt = exp * 1000;
  if (expiresAt <= Date.now()) throw new GatewayError("ACCESS_TOKEN_EXPIRED");
  if (isName(email) && isAbsent(commonName)) return { ...personOf(email, roles), expiresAt };
  if (isName(commonName) && isAbsent(email)) return { ...serviceOf(commonName, roles), expiresAt };
  throw refused("not exactly one of email and common_name");
}

function personOf(text: string, { people, others }: RolesVariable) {
  // Only of A to Z: in Unicode other letters too become an ASCII one (the Kelvin sign a k), and with it someone else.
  const email = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const domain = domainOf(email);
  const role = domain && (own(people, email) ?? own(people, domain) ?? others);
  if (!role) throw new GatewayError("ROLE_MISSING");
  return { kind: "person", email, role, subject: `person:${email}` } as const;
}

/** `@` and what follows, of an address that can be told from every other and stand in a header. */
function domainOf(email: string): string | undefined {
  if (email.length > MAX_EMAIL_LENGTH) return undefined;
  return /^[\x21-\x3f\x41-\x7e]+(@[\x21-\x3f\x41-\x7e]+)$/.exec(email)?.[1];
}

function serviceOf(commonName: string, { services }: RolesVariable) {
  const service = own(services, commonName);
  if (!service) throw refused("not a service of this stack");
  const { name, role } = service;
  return { kind: "service", commonName, name, role, subject: `service:${name}` } as const;
}

/** A name such as `__proto__` must not find what every object has. */
const own = <T>(named: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(named, name) ? named[name] : undefined;

const isName = (claim: unknown): claim is string => typeof claim === "string" && claim !== "";
/** Access writes "" for what does not apply (a service's `sub`). */
const isAbsent = (claim: unknown): boolean => claim === undefined || claim === "";

const refused = (reason: string) => new GatewayError("ACCESS_TOKEN_INVALID", { cause: new Error(reason) });
