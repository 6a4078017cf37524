import { AcceptedTokens } from "./accepted.ts";
import { type Certs, FETCH_TIMEOUT_MS, fetchCerts } from "./certs.ts";

/** Until this age nothing is asked; then the keys are fetched anew while requests go on with those at hand. */
const FRESH_MS = 10 * 60 * 1000;
/** From this age on, requests wait for the new keys: an isolate that has slept must not trust withdrawn ones. */
const WAIT_MS = 60 * 60 * 1000;
/**
 * For this long keys are good while the endpoint fails. Access keeps a replaced key valid for seven days, so a day's
 * outage locks nobody out; and no longer, since a withdrawn key would live on.
 */
const KEEP_MS = 24 * 60 * 60 * 1000;
/** An unknown `kid` asks for new keys at most this often, or made-up ones would turn into a flood of fetches. */
const UNKNOWN_KID_COOLDOWN_MS = 30 * 1000;
/** After a fetch that failed, the next one waits: longer where there are keys that will do. */
const RETRY_MS = { withKeys: 30 * 1000, withoutKeys: 1000 } as const;
/** A fetch that has not ended by then has died with its request. */
const DEAD_MS = FETCH_TIMEOUT_MS + 500;

/** The team's keys could not be had, so nobody can be told from a stranger. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
}

/** Keys by `kid`, and the tokens that were verified with them: when a key is withdrawn, its tokens go with it. */
export interface KeySet {
  readonly certs: Certs;
  readonly accepted: AcceptedTokens;
}

/** What keeps work alive when its request ends: the `ExecutionContext` of a request. */
export type Anchor = Pick<ExecutionContext, "waitUntil">;

/** A fetch that is under way. It never rejects: whoever began it may be gone. */
interface Flight {
  readonly begunAt: number;
  readonly ended: Promise<void>;
}

/**
 * The keys with which a team's Access signs, kept for the isolate.
 *
 * Many requests share one fetch. On Workers a fetch belongs to the request that began it and dies with it, and whoever
 * awaits it then hangs: so it is anchored with `waitUntil`, which outlives a client that leaves, and nobody waits
 * longer than it can take, but begins one of their own.
 * https://developers.cloudflare.com/workers/observability/errors/
 */
export class AccessKeys {
  readonly #url: string;
  #set: KeySet | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #unknownKidAt = Number.NEGATIVE_INFINITY;
  #flight: Flight | undefined;

  constructor(teamDomain: string) {
    this.#url = `${teamDomain}/cdn-cgi/access/certs`;
  }

  /** The keys, where a request need not wait for them. Begins to fetch new ones when they get old. */
  atHand(now: number, anchor: Anchor): KeySet | undefined {
    const age = now - this.#fetchedAt;
    if (age < FRESH_MS) return this.#set;
    if (age >= WAIT_MS) return undefined;
    if (!this.#flying(now) && this.#mayTry(now)) this.#begin(now, anchor);
    return this.#set;
  }

  /**
   * The keys among which the one of this `kid` is, fetched anew where it is unknown.
   * @returns nothing when nobody knows the key
   * @throws KeysUnavailableError when there are no keys at all
   */
  async having(kid: string, anchor: Anchor): Promise<KeySet | undefined> {
    const now = Date.now();
    const atHand = this.atHand(now, anchor);
    if (atHand?.certs.has(kid)) return atHand;
    if (!atHand) await this.#load(anchor);
    else if (this.#mayAskFor(now)) await this.#refresh(anchor);
    return this.#set?.certs.has(kid) ? this.#set : undefined;
  }

  async #load(anchor: Anchor): Promise<void> {
    const now = Date.now();
    if (this.#flying(now) || this.#mayTry(now)) await this.#refresh(anchor);
    if (Date.now() - this.#fetchedAt < KEEP_MS) return;
    throw new KeysUnavailableError("the Access keys could not be fetched", { cause: this.#failure });
  }

  #mayTry(now: number): boolean {
    const hasKeys = now - this.#fetchedAt < KEEP_MS;
    return now - this.#failedAt >= (hasKeys ? RETRY_MS.withKeys : RETRY_MS.withoutKeys);
  }

  /** Whoever comes while keys are being fetched waits for those; else an unknown `kid` has to wait its turn. */
  #mayAskFor(now: number): boolean {
    if (this.#flying(now)) return true;
    if (now - this.#unknownKidAt < UNKNOWN_KID_COOLDOWN_MS) return false;
    this.#unknownKidAt = now;
    return true;
  }

  /** Waits for new keys, or for it to be known that there are none. */
  async #refresh(anchor: Anchor): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const now = Date.now();
      const flight = this.#flying(now) ?? this.#begin(now, anchor);
      if (await endsWithin(flight.ended, flight.begunAt + DEAD_MS - now)) return;
      this.#forget(flight);
    }
  }

  #flying(now: number): Flight | undefined {
    return this.#flight && now - this.#flight.begunAt < DEAD_MS ? this.#flight : undefined;
  }

  #begin(now: number, anchor: Anchor): Flight {
    const flight: Flight = { begunAt: now, ended: this.#fetch().then(() => this.#forget(flight)) };
    this.#flight = flight;
    anchor.waitUntil(flight.ended);
    return flight;
  }

  #forget(flight: Flight): void {
    if (this.#flight === flight) this.#flight = undefined;
  }

  async #fetch(): Promise<void> {
    try {
      const certs = await fetchCerts(this.#url);
      this.#fetchedAt = Date.now();
      if (!this.#set || !isSame(this.#set.certs, certs))
        this.#set = { certs, accepted: new AcceptedTokens() };
    } catch (failure) {
      this.#failedAt = Date.now();
      this.#failure = failure;
    }
  }
}

const isSame = (some: Certs, others: Certs): boolean =>
  some.size === others.size && [...some].every(([kid, { numbers }]) => others.get(kid)?.numbers === numbers);

/** Whether a promise, which may be another request's, is fulfilled in time. The timer is this request's own. */
async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const ended = await Promise.race([promise.then(() => true), late.promise]);
  clearTimeout(timer);
  return ended;
}
