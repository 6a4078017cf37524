/** Proxies and browsers give up on a connection on which nothing comes; Cloudflare's own limit is 100 s. */
export const SILENCE_MS = 15_000;

/** A line that begins with a colon is a comment, and an empty line ends it (HTML, 9.2.6). */
const COMMENT = new TextEncoder().encode(": keep-alive\n\n");

const LF = 10;
const CR = 13;

/**
 * Fills the silences of an event stream with comments, between events and never inside of one. It looks at the clock
 * once in a silence: an event costs it no timer of its own.
 */
export class KeepAlive {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #timer: ReturnType<typeof setTimeout>;
  #lastAt = Date.now();
  /** The last three octets. */
  #end = 0x000a0a;
  #writing = false;

  constructor(writer: WritableStreamDefaultWriter<Uint8Array>) {
    this.#writer = writer;
    this.#timer = setTimeout(() => this.#look(), SILENCE_MS);
  }

  /** A piece is about to be written. */
  hold(piece: Uint8Array): void {
    this.#writing = true;
    for (const octet of piece.subarray(-3)) this.#end = ((this.#end << 8) | octet) & 0xffffff;
  }

  /** It has been taken. */
  release(): void {
    this.#writing = false;
    this.#lastAt = Date.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const now = Date.now();
    const silentSince = now - this.#lastAt;
    if (silentSince >= SILENCE_MS && !this.#writing && this.#isBetweenEvents()) {
      this.#lastAt = now;
      // Where the client has gone, the next piece finds out as well.
      this.#writer.write(COMMENT).catch(() => undefined);
    }
    const wait = SILENCE_MS - (now - this.#lastAt);
    this.#timer = setTimeout(() => this.#look(), wait > 0 ? wait : SILENCE_MS);
  }

  /** Whether the last thing was an empty line, in any of the three ways to end one. */
  #isBetweenEvents(): boolean {
    const [first, second, third] = [this.#end >> 16, (this.#end >> 8) & 0xff, this.#end & 0xff];
    if (third === CR) return second === CR;
    return third === LF && (second === LF || (second === CR && (first === LF || first === CR)));
  }
}
