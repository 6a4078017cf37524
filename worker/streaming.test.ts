import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { leave, openPost } from "./testing/client.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** The upstream side of the next chat, with its event stream open. */
async function nextStream(): Promise<ServerResponse> {
  gateway.openclaw.answer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
  });
  const [, response] = (await once(gateway.openclaw.events, "request")) as [IncomingMessage, ServerResponse];
  return response;
}

it("each event arrives before the next one is sent", async () => {
  const streaming = nextStream();
  const client = await openPost(gateway);
  client.end('{"stream":true}');
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  expect(answer.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  expect(answer.headers["cache-control"]).toBe("no-store, private");
  for (const part of ["one", "two", "three"]) {
    upstream.write(`data: ${part}\n\n`);
    const [chunk] = (await once(answer, "data")) as [Buffer];
    expect(chunk.toString()).toBe(`data: ${part}\n\n`);
  }
  upstream.end("data: [DONE]\n\n");
  let rest = "";
  for await (const chunk of answer) rest += chunk;
  expect(rest).toBe("data: [DONE]\n\n");
});

it("a client that leaves while the answer streams ends the run", async () => {
  const streaming = nextStream();
  const client = await openPost(gateway);
  client.end("{}");
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  upstream.write("data: one\n\n");
  await once(answer, "data");
  const aborted = once(gateway.openclaw.events, "aborted");
  leave(client);
  await aborted;
});

it("a client that leaves before the answer begins ends the run", async () => {
  const arriving = once(gateway.openclaw.events, "request");
  gateway.openclaw.answer(() => undefined);
  const client = await openPost(gateway);
  client.end("{}");
  await arriving;
  const aborted = once(gateway.openclaw.events, "aborted");
  leave(client);
  await aborted;
});

// workerd ends a body whose source broke off as if it were complete, so that only [DONE] tells: the chat page looks.
it("an answer that OpenClaw breaks off ends for the client too", async () => {
  const streaming = nextStream();
  const client = await openPost(gateway);
  client.end("{}");
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  upstream.write("data: one\n\n");
  await once(answer, "data");
  upstream.destroy();
  answer.on("error", () => undefined);
  await once(answer, "close");
});
