import { hexId } from "../identifiers.ts";
import type { Authenticator } from "./people.ts";
import type { Person } from "./rules.ts";

/** Who stands behind a session. Tokens carry only the nonce, as the real ones do. */
export interface Identities {
  /** Remembers someone who has just signed in; the nonce of all tokens of this login. */
  remember(person: Person): string;
  find(nonce: unknown): Person | undefined;
  /** Notes that this login has been followed by a second factor, at a time in milliseconds since the epoch. */
  proveFactor(nonce: string, authenticator: Authenticator, at: number): void;
  factorsOf(nonce: string): ReadonlyMap<Authenticator, number>;
}

export function createIdentities(): Identities {
  const known = new Map<string, Person>();
  const factors = new Map<string, Map<Authenticator, number>>();
  return {
    remember: (person) => {
      const nonce = hexId().slice(0, 16);
      known.set(nonce, person);
      return nonce;
    },
    find: (nonce) => known.get(String(nonce)),
    proveFactor: (nonce, authenticator, at) => {
      factors.set(nonce, new Map(factors.get(nonce)).set(authenticator, at));
    },
    factorsOf: (nonce) => factors.get(nonce) ?? new Map(),
  };
}
