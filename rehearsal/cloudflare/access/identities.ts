import { hexId } from "../identifiers.ts";
import type { Person } from "./rules.ts";

/** Who stands behind a session. Tokens carry only the nonce, as the real ones do. */
export interface Identities {
  /** Remembers someone who has just signed in; the nonce of all tokens of this login. */
  remember(person: Person): string;
  find(nonce: unknown): Person | undefined;
}

export function createIdentities(): Identities {
  const known = new Map<string, Person>();
  return {
    remember: (person) => {
      const nonce = hexId().slice(0, 16);
      known.set(nonce, person);
      return nonce;
    },
    find: (nonce) => known.get(String(nonce)),
  };
}
