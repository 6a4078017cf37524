import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { leave, openPost } from "../testing/client.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { auditOf } from "../testing/log.ts";
import type { Ledger } from "./ledger.ts";

const TOKENS_PER_DAY = 100_000;
const QUOTA = { requestsPerDay: 100, tokensPerDay: TOKENS_PER_DAY, concurrentRuns: 2, maxTokens: 700 };
const SUBJECT = "person:gus@guests.example";

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startGateway({ bindings: { QUOTAS: JSON.stringify({ guest: QUOTA }) } });
});
afterEach(() => gateway?.close());

const guest = () => gateway.team.person({ email: "gus@guests.example" });
async function chat(body: object = {}) {
  return gateway.fetch("/v1/chat/completions", {
    method: "POST",
    token: await guest(),
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
const codeOf = async (answer: { status: number; json(): Promise<unknown> }) => [
  answer.status,
  ((await answer.json()) as { error: { code: string } }).error.code,
];

/** What the ledger holds, asked without leaving a run behind. */
async function used() {
  const ledger = (await gateway.ledger(SUBJECT)) as DurableObjectStub<Ledger>;
  const id = crypto.randomUUID();
  const plenty = { requestsPerDay: 1_000_000, tokensPerDay: TOKENS_PER_DAY, concurrentRuns: 1 };
  const { refused, requestsLeft, tokensLeft } = await ledger.beginRun(id, plenty);
  if (!refused) await ledger.endRun(id, 0);
  return { tokens: TOKENS_PER_DAY - tokensLeft, running: refused === "TOO_MANY_RUNS", requestsLeft };
}
/** All runs have been counted out, and used these tokens together. */
const settled = (tokens: number) =>
  vi.waitFor(async () => expect(await used()).toMatchObject({ tokens, running: false }), {
    timeout: 10_000,
    interval: 20,
  });

const json = (status: number, body: unknown) => {
  gateway.openclaw.answer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
};
/** The next chat's event stream, open. */
async function stream(): Promise<ServerResponse> {
  gateway.openclaw.answer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" }).flushHeaders();
  });
  const [, response] = (await once(gateway.openclaw.events, "request")) as [IncomingMessage, ServerResponse];
  return response;
}
const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

describe("the tokens of an answer are counted", () => {
  it.each([
    ["total_tokens", { usage: USAGE }, 15],
    ["input and output", { usage: { input_tokens: 7, output_tokens: 4 } }, 11],
    ["none", { usage: { total_tokens: 0 } }, 0],
    ["not told, so that the cap is counted", { choices: [] }, 700],
    ["told wrongly", { usage: { total_tokens: -5 } }, 700],
    ["told as text", { usage: { total_tokens: "1" } }, 700],
  ])("of JSON: %s", async (_name, body, tokens) => {
    json(200, body);
    const answer = await chat();
    expect(await answer.json()).toEqual(body);
    await settled(tokens);
  });

  it("of a stream, whose last word counts, however it is cut", async () => {
    const streaming = stream();
    const [answer, upstream] = await Promise.all([chat({ stream: true }), streaming]);
    const text =
      event({ choices: [{ delta: { content: '"usage":{"total_tokens":1}' } }], usage: null }) +
      event({ choices: [], usage: { total_tokens: 3 } }) +
      event({ choices: [], usage: USAGE }) +
      "data: [DONE]\n\n";
    for (let at = 0; at < text.length; at += 7) {
      upstream.write(text.slice(at, at + 7));
      await new Promise(setImmediate);
    }
    upstream.end();
    expect(await answer.text()).toBe(text);
    await settled(15);
  });

  it("of a response that is streamed, which tells them in its last event", async () => {
    const streaming = stream();
    const [answer, upstream] = await Promise.all([chat({ stream: true }), streaming]);
    upstream.end(
      `event: response.completed\n${event({ type: "response.completed", response: { usage: { input_tokens: 4, output_tokens: 5 } } })}`,
    );
    await answer.text();
    await settled(9);
  });

  it.each([
    ["in_progress", "response.created"],
    ["failed", "response.failed"],
  ])("not by the zeros of a response that is %s", async (status, type) => {
    const streaming = stream();
    const [answer, upstream] = await Promise.all([chat({ stream: true }), streaming]);
    upstream.end(event({ type, response: { status, usage: { total_tokens: 0 } } }));
    await answer.text();
    await settled(700);
  });

  it("not of a refusal of OpenClaw's, which comes before a run", async () => {
    json(400, { error: { type: "invalid_request_error" } });
    expect((await chat()).status).toBe(400);
    await settled(0);
    json(404, {});
    await chat();
    await settled(0);
    json(401, { error: { type: "unauthorized" } });
    expect(await codeOf(await chat())).toEqual([502, "OPENCLAW_TOKEN_REFUSED"]);
    await settled(0);
  });

  it("as the cap of a run that failed, and may have used them", async () => {
    json(500, { error: { type: "api_error" } });
    expect((await chat()).status).toBe(500);
    await settled(700);
  });

  it("as the cap of a stream that OpenClaw broke off", async () => {
    const streaming = stream();
    const [answer, upstream] = await Promise.all([chat({ stream: true }), streaming]);
    upstream.write(event({ choices: [] }), () => upstream.destroy());
    await answer.text().catch(() => undefined);
    await settled(700);
  });
});

describe("a client that leaves", () => {
  it("while the answer streams is counted for the cap, and frees its place", async () => {
    const streaming = stream();
    const client = await openPost(gateway, { token: await guest() });
    client.end('{"stream":true}');
    const [upstream, [answer]] = await Promise.all([
      streaming,
      once(client, "response") as Promise<[IncomingMessage]>,
    ]);
    upstream.write(event({ choices: [] }));
    await once(answer, "data");
    expect(await used()).toMatchObject({ running: true });
    const aborted = once(gateway.openclaw.events, "aborted");
    answer.on("error", () => undefined);
    leave(client);
    await aborted;
    await settled(700);
  });

  it("before the answer begins, too", async () => {
    gateway.openclaw.answer((request) => request.resume());
    const arriving = once(gateway.openclaw.events, "request");
    const client = await openPost(gateway, { token: await guest() });
    client.end("{}");
    await arriving;
    const aborted = once(gateway.openclaw.events, "aborted");
    leave(client);
    await aborted;
    await settled(700);
  });
});

describe("a quota", () => {
  it("lets as many runs at the same time as it says, and the next one when one has ended", async () => {
    const first = stream();
    const [one, upstream] = await Promise.all([chat({ stream: true }), first]);
    const second = stream();
    const [two, other] = await Promise.all([chat({ stream: true }), second]);
    expect(await codeOf(await chat())).toEqual([429, "TOO_MANY_RUNS"]);
    upstream.end(event({ usage: USAGE }));
    await one.text();
    json(200, { usage: USAGE });
    await vi.waitFor(async () => expect((await chat()).status).toBe(200), { timeout: 10_000, interval: 20 });
    other.end(event({ usage: USAGE }));
    await two.text();
    await settled(45);
  });

  it("is told with each answer, and is over when its tokens are", async () => {
    json(200, { usage: { total_tokens: TOKENS_PER_DAY } });
    const answer = await chat();
    expect(answer.headers.get("x-ratelimit-remaining-requests")).toBe("99");
    expect(answer.headers.get("x-ratelimit-remaining-tokens")).toBe(String(TOKENS_PER_DAY));
    await answer.text();
    await vi.waitFor(async () => expect(await codeOf(await chat())).toEqual([429, "QUOTA_EXCEEDED"]), {
      timeout: 10_000,
    });
    expect(gateway.openclaw.requests.length).toBeLessThan(5);
  });

  it("counts no request that is refused for its body", async () => {
    const { requestsLeft } = await used();
    expect((await chat({ model: "openclaw/main" })).status).toBe(403);
    expect((await used()).requestsLeft).toBe(requestsLeft - 1); // the question itself
  });

  it("is none of an owner's, whose answers tell nothing of one", async () => {
    json(200, { usage: USAGE });
    const headers = { "content-type": "application/json" };
    const answer = await gateway.fetch("/v1/chat/completions", { method: "POST", headers, body: "{}" });
    expect(answer.headers.has("x-ratelimit-limit-requests")).toBe(false);
    await answer.text();
    expect((await auditOf(gateway, answer)).status).toBe(200);
  });
});

it("a ledger that does not answer is waited for within bounds", async () => {
  await gateway.close();
  gateway = await startGateway({
    bindings: { QUOTAS: JSON.stringify({ guest: QUOTA }) },
    silentLedger: true,
    haste: 20,
  });
  expect(await codeOf(await chat())).toEqual([503, "QUOTA_UNAVAILABLE"]);
  expect(gateway.openclaw.requests).toEqual([]);
});
