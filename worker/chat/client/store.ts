import { type Conversation, isConversation } from "./conversation.ts";

/** What is used of a browser's `Storage`. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The shape of what is kept. A page with another one does not see these, and spoils nothing. */
const VERSION = 1;

/**
 * The conversations that a browser keeps for one identity. Another who signs in at the same browser sees their own:
 * a matter of order, not a wall, since who owns the browser can read all of it.
 */
export class ConversationStore {
  readonly #shelf: Shelf | undefined;
  readonly #prefix: string;
  /** All there are; without a shelf, or when it is full, only here. */
  readonly #known = new Map<string, Conversation>();

  /** @param shelf nothing where the browser keeps nothing for a page */
  constructor(shelf: Shelf | undefined, identity: string) {
    this.#shelf = shelf;
    this.#prefix = `chat/${VERSION}/${encodeURIComponent(identity)}/`;
    for (const key of this.#keys()) this.reload(key);
  }

  /** The newest first. */
  all(): Conversation[] {
    return [...this.#known.values()].sort((one, other) => other.changedAt - one.changedAt);
  }

  get(id: string): Conversation | undefined {
    return this.#known.get(id);
  }

  /** Whether it is kept beyond this page: a browser may be full, or keep nothing at all. */
  save(conversation: Conversation): boolean {
    this.#known.set(conversation.id, conversation);
    try {
      this.#shelf?.setItem(`${this.#prefix}${conversation.id}`, JSON.stringify(conversation));
      return this.#shelf !== undefined;
    } catch {
      return false;
    }
  }

  delete(id: string): void {
    this.#known.delete(id);
    this.#shelf?.removeItem(`${this.#prefix}${id}`);
  }

  clear(): void {
    this.#known.clear();
    for (const key of this.#keys()) this.#shelf?.removeItem(key);
  }

  /** Takes over what another tab has written; gives the conversation's id, or nothing where it is not one of these. */
  reload(key: string): string | undefined {
    if (!key.startsWith(this.#prefix)) return undefined;
    const id = key.slice(this.#prefix.length);
    const kept = parsed(this.#shelf?.getItem(key) ?? "");
    if (isConversation(kept) && kept.id === id) this.#known.set(id, kept);
    else this.#known.delete(id);
    return id;
  }

  #keys(): string[] {
    const shelf = this.#shelf;
    const all = Array.from({ length: shelf?.length ?? 0 }, (_, index) => shelf?.key(index) ?? "");
    return all.filter((key) => key.startsWith(this.#prefix));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
