import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from "jose";

/** How long a set of keys is used before it is fetched again: a key that Access withdraws is refused after this. */
const MAX_AGE_MS = 10 * 60 * 1000;
/** An unknown `kid` asks for new keys at most this often, or made-up ones would turn into a flood of fetches. */
const COOLDOWN_MS = 30 * 1000;
const FETCH_TIMEOUT_MS = 5 * 1000;

/** The team's keys could not be had, so nobody can be told from a stranger. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
}

/**
 * The keys with which a team's Access signs, kept for the isolate.
 *
 * Only values are kept between requests, never a pending fetch: on Workers a fetch belongs to the request that
 * began it and ends with it, and whoever else awaited it would hang.
 * Rotation and format: https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
 */
export class AccessKeys {
  readonly #url: string;
  #keys: LocalJWKSet | undefined;
  #fetchedAt = 0;
  #triedAt = 0;

  constructor(teamDomain: string) {
    this.#url = `${teamDomain}/cdn-cgi/access/certs`;
  }

  /**
   * The key that a token's header names, for `jwtVerify`.
   * @throws KeysUnavailableError when there are no keys at all; jose's JWKSNoMatchingKey for a key nobody knows
   */
  readonly keyFor = async (header: JWSHeaderParameters): Promise<CryptoKey> => {
    // With one key in the set jose would take it for a token that names none (RFC 7515, 4.1.4).
    if (!header.kid) throw new errors.JWKSNoMatchingKey();
    const keys = await this.#current();
    try {
      return await keys(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || Date.now() - this.#triedAt < COOLDOWN_MS)
        throw error;
      return (await this.#refresh())(header);
    }
  };

  async #current(): Promise<LocalJWKSet> {
    return this.#keys && Date.now() - this.#fetchedAt < MAX_AGE_MS ? this.#keys : this.#refresh();
  }

  async #refresh(): Promise<LocalJWKSet> {
    this.#triedAt = Date.now();
    const keys = await fetchKeys(this.#url);
    this.#fetchedAt = Date.now();
    this.#keys = keys;
    return keys;
  }
}

async function fetchKeys(url: string): Promise<LocalJWKSet> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      throw new Error(`status ${answer.status}`);
    }
    return createLocalJWKSet(await answer.json<JSONWebKeySet>());
  } catch (error) {
    throw new KeysUnavailableError("the Access keys could not be fetched", { cause: error });
  }
}
