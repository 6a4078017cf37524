/** Anything the account holds: it has an id and, nearly always, a name. */
export interface Entry {
  readonly id: string;
  readonly name?: string;
}

/** What the edge has of one entry from a time on; nothing before it was made and after it is deleted. */
interface Version<T> {
  readonly entry: T | undefined;
  readonly from: number;
}

/**
 * All resources of one kind, in the order they were created. The API tells what is; the edge, which is told of changes
 * later, goes by what is published.
 */
export class Collection<T extends Entry> {
  /** What one of them is called in `resources()`: "tunnel", "service token". */
  readonly kind: string;
  /** How much later than in the API a change counts in `published`, in milliseconds. */
  publishDelayMs = 0;
  readonly #entries = new Map<string, T>();
  /** Only of entries with a change that is still on its way: what counts now, then what is to come. */
  readonly #versions = new Map<string, Version<T>[]>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(kind: string, now: () => number = Date.now) {
    this.kind = kind;
    this.#now = now;
  }

  get(id: string): T | undefined {
    return this.#entries.get(id);
  }

  find(matches: (entry: T) => boolean): T | undefined {
    return this.list().find(matches);
  }

  list(): T[] {
    return [...this.#entries.values()];
  }

  /** Adds the entry, or replaces the one with its id in place. */
  put(entry: T): T {
    this.#change(entry.id, entry);
    this.#entries.set(entry.id, entry);
    return entry;
  }

  delete(id: string): void {
    this.#change(id, undefined);
    this.#entries.delete(id);
  }

  /** The entries as the edge knows them now. */
  published(): T[] {
    const ids = new Set([...this.#entries.keys(), ...this.#versions.keys()]);
    return [...ids].flatMap((id) => this.publishedOne(id) ?? []);
  }

  publishedOne(id: string): T | undefined {
    const versions = this.#versions.get(id);
    if (!versions) return this.#entries.get(id);
    const time = this.#now();
    while (versions.length > 1 && (versions[1] as Version<T>).from <= time) versions.shift();
    if (versions.length === 1) this.#versions.delete(id);
    return versions[0]?.entry;
  }

  /** Publishes at once whatever is still on its way. */
  publish(): void {
    this.#versions.clear();
  }

  #change(id: string, entry: T | undefined): void {
    if (this.publishDelayMs === 0 && !this.#versions.has(id)) return;
    const versions = this.#versions.get(id) ?? [{ entry: this.#entries.get(id), from: 0 }];
    const earliest = versions.at(-1)?.from ?? 0;
    versions.push({ entry, from: Math.max(earliest, this.#now() + this.publishDelayMs) });
    this.#versions.set(id, versions);
  }
}
