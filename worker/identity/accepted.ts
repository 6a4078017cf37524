import type { Identity } from "./auth.ts";

/** Tokens of one generation; an isolate keeps two. A token has about 1 KB, and 8 KB at most. */
const GENERATION = 500;

/**
 * Tokens that were verified before, with whose they are: looking one up costs no cryptography. Only good tokens come
 * in, none is found past its `exp`, and those least used are forgotten first.
 */
export class AcceptedTokens {
  #young = new Map<string, Identity>();
  #old = new Map<string, Identity>();

  /** @param now in milliseconds since 1970 */
  find(token: string, now: number): Identity | undefined {
    const found = this.#young.get(token);
    const identity = found ?? this.#old.get(token);
    if (!identity || identity.expiresAt <= now) return undefined;
    if (!found) this.add(token, identity);
    return identity;
  }

  add(token: string, identity: Identity): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, identity);
  }
}
