/** Collects what is wrong while an environment is read: one sentence each, never a value. */
export class Settings {
  readonly problems: string[] = [];
  readonly #env: Readonly<Record<string, unknown>>;

  constructor(env: object) {
    this.#env = env as Readonly<Record<string, unknown>>;
  }

  /** What `parse` makes of a variable; where it makes nothing of it, a problem that says what the variable must be. */
  read<T>(name: string, wanted: string, parse: (text: string) => T | undefined): T {
    const value = this.#env[name];
    const parsed = typeof value === "string" ? parse(value) : undefined;
    // Whoever reads on gets nothing usable, and a problem forbids to use it.
    if (parsed === undefined) this.problems.push(`${name} must be ${wanted}.`);
    return parsed as T;
  }

  has(name: string): boolean {
    return this.#env[name] !== undefined;
  }

  /** A binding that is no text, if it has this method. */
  binding<T>(name: string, method: string, wanted: string): T {
    const value = this.#env[name] as Record<string, unknown> | undefined;
    if (typeof value?.[method] !== "function") this.problems.push(`${name} must be bound to ${wanted}.`);
    return value as T;
  }

  flag(name: string): boolean {
    return this.read(name, "true or false", (text) =>
      text === "true" ? true : text === "false" ? false : undefined,
    );
  }

  /** A positive integer. */
  count(name: string): number {
    return this.read(name, "a positive whole number", (text) =>
      /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined,
    );
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T {
    return this.read(name, `one of ${values.join(", ")}`, (text) => values.find((value) => value === text));
  }

  /** Entries by comma, each one as `parse` makes it; an empty text has none. */
  list<T>(name: string, wanted: string, parse: (entry: string) => T | undefined): readonly T[] {
    return this.read(name, wanted, (text) => {
      const entries = text === "" ? [] : text.split(",").map((entry) => parse(entry.trim()));
      return entries.includes(undefined) ? undefined : (entries as T[]);
    });
  }

  json<T>(name: string, wanted: string, check: (value: unknown) => value is T): T {
    return this.read(name, wanted, (text) => {
      try {
        const value: unknown = JSON.parse(text);
        return check(value) ? value : undefined;
      } catch {
        return undefined;
      }
    });
  }
}
