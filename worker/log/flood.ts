/** Lets a number of things through in each window of time, and counts the rest. Of one isolate. */
export class Sample {
  readonly #limit: number;
  readonly #windowMs: number;
  #endsAt = 0;
  #taken = 0;
  #leftOut = 0;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Whether this one is let through. */
  take(now: number): boolean {
    if (now >= this.#endsAt) {
      this.#endsAt = now + this.#windowMs;
      this.#taken = 0;
    }
    if (this.#taken < this.#limit) {
      this.#taken += 1;
      return true;
    }
    this.#leftOut += 1;
    return false;
  }

  /** How many were not let through, once their window is over; then counting begins anew. */
  leftOut(now: number): number {
    if (this.#leftOut === 0 || now < this.#endsAt) return 0;
    const count = this.#leftOut;
    this.#leftOut = 0;
    return count;
  }
}

/** Tells when something has happened so often within a window: once for each key and window. Of one isolate. */
export class Tally {
  readonly #threshold: number;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #counts = new Map<string, number>();
  #endsAt = 0;

  constructor(threshold: number, windowMs: number, maxKeys: number) {
    this.#threshold = threshold;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /** Whether this is the time that reaches the threshold. */
  count(key: string, now: number): boolean {
    // Forgetting everybody when there are too many bounds the memory; who goes on is counted again.
    if (now >= this.#endsAt || (this.#counts.size >= this.#maxKeys && !this.#counts.has(key))) {
      this.#counts.clear();
      this.#endsAt = now + this.#windowMs;
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count === this.#threshold;
  }
}
