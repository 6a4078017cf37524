import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { AccessApp, AccessPolicy, ServiceToken } from "../account.ts";
import { durationMs } from "../identifiers.ts";
import type { SigningKeys } from "./keys.ts";
import type { Person } from "./rules.ts";

const defaultSession = "24h";

/** Signs and reads the JWTs of one team. */
export interface TokenIssuer {
  /** An application token for a person, as the cookie and the assertion carry it. */
  forPerson(
    app: AccessApp,
    policy: AccessPolicy,
    person: Person,
    subject: string,
    nonce: string,
  ): Promise<string>;
  /** An application token for a machine: no email, no `nbf`, an empty subject. */
  forService(app: AccessApp, policy: AccessPolicy, token: ServiceToken): Promise<string>;
  /** The token of the team's own session (type "org"), which no application may accept. */
  forTeam(person: Person, subject: string, nonce: string): Promise<string>;
  /** The claims of a token that this team signed, of this type and for this audience; undefined when it is not valid. */
  read(jwt: string, type: "app" | "org", audience: string): Promise<JWTPayload | undefined>;
}

/** Claims: https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/ */
export function createTokenIssuer(teamDomain: string, keys: SigningKeys, now: () => number): TokenIssuer {
  const issuer = `https://${teamDomain}`;
  const sign = (claims: JWTPayload, lifeMs: number) => {
    const iat = Math.floor(now() / 1000);
    const { kid, privateKey } = keys.current;
    return new SignJWT({ ...claims, iat, exp: iat + Math.floor(lifeMs / 1000), iss: issuer })
      .setProtectedHeader({ alg: "RS256", kid, typ: "JWT" })
      .sign(privateKey);
  };
  const personal = (type: "app" | "org", aud: string, person: Person, sub: string, nonce: string) => ({
    type,
    aud: [aud],
    email: person.email,
    sub,
    country: person.country,
    identity_nonce: nonce,
    nbf: Math.floor(now() / 1000),
  });
  return {
    forPerson: (app, policy, person, sub, nonce) =>
      sign(personal("app", app.aud, person, sub, nonce), sessionMs(app, policy)),
    forService: (app, policy, token) =>
      sign({ type: "app", aud: [app.aud], common_name: token.clientId, sub: "" }, sessionMs(app, policy)),
    forTeam: (person, sub, nonce) =>
      sign(personal("org", teamDomain, person, sub, nonce), durationMs(defaultSession) as number),
    read: async (jwt, type, audience) => {
      try {
        const { payload } = await jwtVerify(
          jwt,
          (header) => {
            const key = keys.all.find(({ kid }) => kid === header.kid);
            if (!key) throw new errors.JWKSNoMatchingKey();
            return key.publicKey;
          },
          { algorithms: ["RS256"], issuer, audience, currentDate: new Date(now()) },
        );
        return payload.type === type ? payload : undefined;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/** The policy's session length counts before the application's, that before the team's. */
function sessionMs(app: AccessApp, policy: AccessPolicy): number {
  const text = policy.sent.session_duration ?? app.sent.session_duration ?? defaultSession;
  return durationMs(String(text)) as number;
}
