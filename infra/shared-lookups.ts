/** What was asked once, by what was asked; nothing where each program asks for itself. */
let shared: Map<string, Promise<unknown>> | undefined;

/** From now on the programs of this process ask the account once for what is the same for all its stacks. */
export function shareLookups(): void {
  shared = new Map();
}

/**
 * Asks, or gives what another stack's program has been told. A failure is nobody else's: the next one asks again.
 *
 * @param key what is asked and of whom
 */
export function lookup<T>(key: string, ask: () => Promise<T>): Promise<T> {
  if (!shared) return ask();
  const known = shared.get(key) as Promise<T> | undefined;
  if (known) return known;
  const asked = ask();
  shared.set(key, asked);
  asked.catch(() => shared?.delete(key));
  return asked;
}
