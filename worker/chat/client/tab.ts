import { storageOf } from "./browser.ts";

/**
 * What a tab keeps on the way to the login page and back: the draft, and which conversation is open. By identity, so
 * that it waits for the one who wrote it.
 */
export class Tab {
  readonly #storage = storageOf("sessionStorage");
  readonly #prefix: string;

  constructor(identity: string) {
    this.#prefix = `chat/${encodeURIComponent(identity)}/`;
  }

  read(what: "draft" | "open"): string {
    return this.#storage?.getItem(`${this.#prefix}${what}`) ?? "";
  }

  write(what: "draft" | "open", text: string): void {
    try {
      this.#storage?.setItem(`${this.#prefix}${what}`, text);
    } catch {
      // Full: the text is still in its field.
    }
  }
}
