import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { CLIENT_ADDRESS, startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** A chat over a connection of its own, so that it can be cut. */
async function openChat(token: string) {
  const { protocol, hostname, port } = gateway.url;
  const send = protocol === "https:" ? httpsRequest : request;
  return send({
    hostname,
    port,
    path: "/v1/chat/completions",
    method: "POST",
    rejectUnauthorized: false,
    headers: {
      host: "claw.example.com",
      "cf-connecting-ip": CLIENT_ADDRESS,
      "cf-access-jwt-assertion": token,
      "content-type": "application/json",
      "accept-encoding": "identity",
    },
  });
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
  const client = await openChat(await gateway.team.person());
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
  const client = await openChat(await gateway.team.person());
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
  const client = await openChat(await gateway.team.person());
  client.end("{}");
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  upstream.write("data: one\n\n");
  await once(answer, "data");
  const aborted = once(gateway.openclaw.events, "aborted");
  client.destroy();
  await aborted;
});

it("a client that leaves before the answer begins ends the run", async () => {
  const arriving = once(gateway.openclaw.events, "request");
  gateway.openclaw.answer(() => undefined);
  const client = await openChat(await gateway.team.person());
  client.on("error", () => undefined);
  client.end("{}");
  await arriving;
  const aborted = once(gateway.openclaw.events, "aborted");
  client.destroy();
  await aborted;
});

it("an answer that OpenClaw breaks off is not made to look complete", async () => {
  const streaming = nextStream();
  const client = await openChat(await gateway.team.person());
  client.end("{}");
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  upstream.write("data: one\n\n");
  await once(answer, "data");
  const failed = once(answer, "error");
  upstream.destroy();
  await failed;
  expect(answer.complete).toBe(false);
});
