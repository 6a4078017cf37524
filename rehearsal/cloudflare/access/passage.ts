/** A request as it came to the edge. */
export interface EdgeRequest {
  readonly method: string;
  readonly hostname: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, duplicates kept. */
  readonly rawHeaders: readonly string[];
}

/** An answer that the edge gives itself. */
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

/** Let through, with headers for the Worker and for the client; or answered. */
export type Passage =
  | {
      readonly pass: true;
      readonly identity: Record<string, string>;
      readonly answerHeaders: Record<string, string>;
    }
  | { readonly pass: false; readonly answer: EdgeAnswer };

/** An answer in plain text that no one keeps. */
export const plain = (status: number, body: string, headers: EdgeAnswer["headers"] = {}): Passage => ({
  pass: false,
  answer: {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
    body,
  },
});
/** Lets a request through to the Worker. */
export const through = (
  identity: Record<string, string> = {},
  answerHeaders: Record<string, string> = {},
): Passage => ({
  pass: true,
  identity,
  answerHeaders,
});
