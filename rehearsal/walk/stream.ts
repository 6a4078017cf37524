/** What a streamed chat completion came to. */
export interface StreamedAnswer {
  readonly text: string;
  /** How many chunks carried text. */
  readonly pieces: number;
  /** Whether it ended with `data: [DONE]`. */
  readonly done: boolean;
}

/** Reads the server-sent events of a streamed chat completion (OpenAI's `chat.completion.chunk`). */
export function readStream(body: string): StreamedAnswer {
  const data = body.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6).trim()] : []));
  const texts = data
    .filter((event) => event !== "[DONE]")
    .map((event) => JSON.parse(event).choices[0]?.delta?.content as string | undefined)
    .filter((text) => text !== undefined && text !== "");
  return { text: texts.join(""), pieces: texts.length, done: data.at(-1) === "[DONE]" };
}
