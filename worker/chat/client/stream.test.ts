import { expect, it } from "vitest";
import { eventData } from "./stream.ts";

const encoder = new TextEncoder();

function bodyOf(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks)
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
}

async function all(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const events: string[] = [];
  for await (const data of eventData(bodyOf(...chunks))) events.push(data);
  return events;
}

it.each<[string, string[], string[]]>([
  ["one after the other", ["data: a\n\n", "data: b\n\n"], ["a", "b"]],
  ["cut anywhere", ["da", "ta: a", "\n", "\ndata:", " b\n\n"], ["a", "b"]],
  ["with CRLF", ["data: a\r\n\r\ndata: b\r\n\r\n"], ["a", "b"]],
  ["with CRLF cut in the middle", ["data: a\r", "\n\r", "\ndata: b\r\n\r\n"], ["a", "b"]],
  ["of several lines", ["data: a\ndata: b\n\n"], ["a\nb"]],
  ["between comments and other fields", [": ping\n\nevent: x\nid: 1\ndata: a\n\n: ping\n"], ["a"]],
  ["without a space", ["data:a\n\ndata:  b\n\n"], ["a", " b"]],
  ["incomplete at the end", ["data: a\n\ndata: b"], ["a"]],
])("reads events %s", async (_name, chunks, expected) => {
  expect(await all(...chunks)).toEqual(expected);
});

it("reads a character that is cut in two", async () => {
  const bytes = encoder.encode("data: é\n\n");
  expect(await all(bytes.slice(0, 7), bytes.slice(7))).toEqual(["é"]);
});

it("ends the body when the reader leaves early", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode("data: a\n\n")),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const data of eventData(body)) {
    expect(data).toBe("a");
    break;
  }
  expect(cancelled).toBe(true);
});
