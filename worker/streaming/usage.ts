/** An answer larger than this is no answer of a model; what it used is taken for not told. */
const MAX_LENGTH = 8 * 1024 * 1024;

/** Reads along an answer of OpenClaw's for what it says it used. */
export interface UsageReader {
  see(piece: Uint8Array): void;
  /** The tokens that the answer names; nothing where it names none. */
  tokens(): number | undefined;
}

/** Reads a whole JSON answer. */
export class JsonUsage implements UsageReader {
  readonly #decoder = new TextDecoder();
  #text = "";

  see(piece: Uint8Array): void {
    if (this.#text.length < MAX_LENGTH) this.#text += this.#decoder.decode(piece, { stream: true });
  }

  tokens(): number | undefined {
    return tokensOf(this.#text);
  }
}

/** Reads an event stream: the last event that has a `usage` says what the whole run used. */
export class EventUsage implements UsageReader {
  readonly #decoder = new TextDecoder();
  #line = "";
  #tokens: number | undefined;

  see(piece: Uint8Array): void {
    const [first = "", ...lines] = this.#decoder.decode(piece, { stream: true }).split(/[\r\n]/);
    if (this.#line.length < MAX_LENGTH) this.#line += first;
    for (const line of lines) {
      this.#read();
      this.#line = line;
    }
  }

  tokens(): number | undefined {
    this.#read();
    return this.#tokens;
  }

  #read(): void {
    // A quote within a text is escaped, so that no model can write such a key.
    if (!this.#line.startsWith("data:") || !this.#line.includes('"usage"')) return;
    this.#tokens = tokensOf(this.#line.slice("data:".length)) ?? this.#tokens;
  }
}

/**
 * What the `usage` of an answer says: of a chat completion, of embeddings, of a response, of the event that ends one.
 * The events before that one have a `usage` too, of zeros, and so may one that tells of a failure.
 * https://platform.openai.com/docs/api-reference/chat/object, https://platform.openai.com/docs/api-reference/responses/object
 */
function tokensOf(json: string): number | undefined {
  try {
    const answer = JSON.parse(json) as Answer & { readonly response?: Answer | null };
    const { usage, status } = answer.response ?? answer;
    if (status === "in_progress" || status === "failed") return undefined;
    const { total_tokens: total, input_tokens: input, output_tokens: output } = usage ?? {};
    const tokens = total ?? (input ?? Number.NaN) + (output ?? Number.NaN);
    return Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined;
  } catch {
    return undefined;
  }
}

interface Answer {
  /** Of a response. */
  readonly status?: string;
  readonly usage?: {
    readonly total_tokens?: number;
    readonly input_tokens?: number;
    readonly output_tokens?: number;
  } | null;
}
