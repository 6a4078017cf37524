/** Anything the account holds: it has an id and, nearly always, a name. */
export interface Entry {
  readonly id: string;
  readonly name?: string;
}

/** All resources of one kind, in the order they were created. */
export class Collection<T extends Entry> {
  /** What one of them is called in `resources()`: "tunnel", "service token". */
  readonly kind: string;
  readonly #entries = new Map<string, T>();

  constructor(kind: string) {
    this.kind = kind;
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
    this.#entries.set(entry.id, entry);
    return entry;
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }
}
