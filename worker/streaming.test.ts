import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { leave, openPost } from "./testing/client.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";
import { logged } from "./testing/log.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { QUOTAS: '{"guest":{"tokensPerDay":1000000}}' } });
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

it("a silence is filled, with all that watches an answer at work, and the events stay whole", async () => {
  const guest = { token: await gateway.team.person({ email: "gus@guests.example" }) };
  const streaming = nextStream();
  const client = await openPost(gateway, guest);
  client.end('{"stream":true}');
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  const pieces = answer.setEncoding("utf8")[Symbol.asyncIterator](); // of which none is lost between two of them
  const next = async () => String((await pieces.next()).value);
  upstream.write("data: one\n");
  expect(await next()).toBe("data: one\n");
  upstream.write("\n");
  expect(await next()).toBe("\n");
  expect(await next()).toBe(": keep-alive\n\n"); // 15 s later
  upstream.write('data: {"usage":{"total_tokens":7}}\n\n');
  let last = "";
  while (!last.endsWith("\n\n")) last += await next(); // workerd's HTTP may cut it
  expect(last).toBe('data: {"usage":{"total_tokens":7}}\n\n');
  upstream.end();
  expect(await pieces.next()).toMatchObject({ done: true });
  const requestId = answer.headers["x-request-id"];
  expect(await logged(gateway, { event: "request", requestId })).toMatchObject({
    streaming: true,
    aborted: false,
  });
});

it("a client that does not read stops OpenClaw's writing", async () => {
  const streaming = nextStream();
  const client = await openPost(gateway);
  client.end('{"stream":true}');
  const upstream = await streaming;
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  answer.pause();
  const piece = `data: ${"x".repeat(64 * 1024)}\n\n`;
  let pieces = 0;
  // Sockets and streams on the way hold some megabytes; what is held back does not end by itself.
  while (pieces < 2000) {
    pieces += 1;
    if (upstream.write(piece)) continue;
    const drained = await Promise.race([once(upstream, "drain"), setTimeout(1000, "held back")]);
    if (drained === "held back") break;
  }
  expect(pieces).toBeLessThan(1000);
  let length = 0;
  answer.on("data", (chunk: Buffer) => {
    length += chunk.length;
  });
  upstream.end();
  await once(answer.resume(), "end");
  expect(length).toBe(pieces * piece.length);
});
