import type { JWTPayload } from "jose";
import type { AccessApp } from "../account.ts";

/** Which tokens no longer count although they have not expired. */
export interface Revocations {
  /** Ends a person's sessions in all applications. */
  person(email: string): void;
  /** Whose sessions were ended so, in this order. */
  readonly people: readonly string[];
  /** Ends all sessions of one application. */
  app(app: AccessApp): void;
  isRevoked(claims: JWTPayload): boolean;
}

/** Nothing revoked yet. The real one takes 20 to 30 s to be everywhere; here it counts at once. */
export function createRevocations(now: () => number): Revocations {
  // By identity and audience, the latest `iat` (seconds) that no longer counts.
  const revokedUntil = new Map<string, number>();
  const people: string[] = [];
  const revoke = (key: string) => revokedUntil.set(key, Math.floor(now() / 1000));
  return {
    people,
    person: (email) => {
      people.push(email);
      revoke(`email:${email.toLowerCase()}`);
    },
    app: (app) => revoke(`aud:${app.aud}`),
    isRevoked: (claims) => {
      const audiences = [claims.aud ?? []].flat().map((aud) => `aud:${aud}`);
      const keys = [`email:${String(claims.email).toLowerCase()}`, ...audiences];
      return keys.some((key) => (claims.iat ?? 0) <= (revokedUntil.get(key) ?? -1));
    },
  };
}
