import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** A chat over a connection of its own, so that it can be cut. */
async function openChat(): Promise<ClientRequest> {
  return request(new URL("/v1/chat/completions", gateway.url), {
    method: "POST",
    headers: {
      "mf-original-url": `${ORIGIN}/v1/chat/completions`,
      "cf-connecting-ip": CLIENT_ADDRESS,
      "cf-access-jwt-assertion": await gateway.team.person(),
      "content-type": "application/json",
      "accept-encoding": "identity",
    },
  });
}

/** Cuts the connection as the edge does: workerd notices a reset at once, a mere FIN only when it writes again. */
function leave(client: ClientRequest): void {
  client.on("error", () => undefined);
  client.socket?.resetAndDestroy();
}

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
  const client = await openChat();
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

it("a request's body flows on before it is complete", async () => {
  const arriving = once(gateway.openclaw.events, "request") as Promise<[IncomingMessage, ServerResponse]>;
  gateway.openclaw.answer(() => undefined);
  const client = await openChat();
  client.write('{"messages":');
  const [received, response] = await arriving;
  const [first] = (await once(received, "data")) as [Buffer];
  expect(first.toString()).toBe('{"messages":');
  client.end("[]}");
  const [second] = (await once(received, "data")) as [Buffer];
  expect(second.toString()).toBe("[]}");
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
});

it("a client that leaves while the answer streams ends the run", async () => {
  const streaming = nextStream();
  const client = await openChat();
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
  const client = await openChat();
  client.end("{}");
  await arriving;
  const aborted = once(gateway.openclaw.events, "aborted");
  leave(client);
  await aborted;
});

// workerd ends a body whose source broke off as if it were complete, so that only [DONE] tells: the chat page looks.
it("an answer that OpenClaw breaks off ends for the client too", async () => {
  const streaming = nextStream();
  const client = await openChat();
  client.end("{}");
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  upstream.write("data: one\n\n");
  await once(answer, "data");
  upstream.destroy();
  answer.on("error", () => undefined);
  await once(answer, "close");
});
