import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { auditOf, linesOf, logged } from "../testing/log.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const answering = (answer: (response: ServerResponse) => void) =>
  gateway.openclaw.answer((_request, response) => answer(response));

/** A request by a client that can leave. */
async function open(path: string): Promise<ClientRequest> {
  const client = request(new URL(path, gateway.url), {
    headers: {
      "mf-original-url": `${ORIGIN}${path}`,
      "cf-connecting-ip": CLIENT_ADDRESS,
      "cf-access-jwt-assertion": await gateway.team.person(),
    },
  });
  client.on("error", () => undefined); // its own leaving
  return client.end();
}

describe("the audit line of a request", () => {
  it("says who asked for what, when it was answered and how much, and nothing else", async () => {
    const answer = await gateway.fetch("/v1/models?secret=question", {
      headers: { "cf-ray": "8f0123456789abcd-FRA" },
    });
    const body = await answer.text();
    expect(await auditOf(gateway, answer)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: "info",
      event: "request",
      requestId: expect.stringMatching(/^req_[0-9a-f]{32}$/),
      subject: "person:ada@example.com",
      role: "owner",
      route: expect.any(String),
      method: "GET",
      status: 200,
      code: "-",
      bytes: body.length,
      ms: expect.any(Number),
      ip: CLIENT_ADDRESS,
      country: expect.stringMatching(/^([A-Z][A-Z0-9]|-)$/),
      ray: "8f0123456789abcd-FRA",
      streaming: false,
      aborted: false,
    });
  });

  it("names a program by its name in the config", async () => {
    const answer = await gateway.fetch("/v1/models", { token: await gateway.team.service() });
    expect(await auditOf(gateway, answer)).toMatchObject({ subject: "service:cli", role: "member" });
  });

  it("names nobody where nobody has signed in, with the refusal's code", async () => {
    const answer = await gateway.fetch("/v1/models", { token: null });
    const line = { subject: "-", role: "-", status: 401, code: "ACCESS_TOKEN_MISSING", route: "-" };
    expect(await auditOf(gateway, answer)).toMatchObject(line);
  });

  it("has an IPv6 address in its canonical form", async () => {
    const answer = await gateway.fetch("/v1/models", {
      headers: { "cf-connecting-ip": "2001:DB8:0:0:0::0a" },
    });
    expect(await auditOf(gateway, answer)).toMatchObject({ ip: "2001:db8::a" });
  });

  it.each([
    ["cf-ray", "8f01\u001b[31m", "ray"],
    ["cf-connecting-ip", "203.0.113.9, 10.0.0.1", "ip"],
  ])("has a dash for a %s that is none", async (name, value, field) => {
    const answer = await gateway.fetch("/v1/models", { headers: { [name]: encodeURI(value) } });
    expect(await auditOf(gateway, answer)).toMatchObject({ [field]: "-" });
  });
});

describe("an answer's body", () => {
  it("is counted where nobody has said its length", async () => {
    const piece = "x".repeat(50_000);
    answering((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write(piece);
      response.end(piece);
    });
    const answer = await gateway.fetch("/v1/models");
    expect(await answer.text()).toBe(piece + piece);
    expect(await auditOf(gateway, answer)).toMatchObject({ bytes: 100_000, aborted: false });
  });

  it("is counted where it is long", async () => {
    const body = Buffer.alloc(300_000, "y");
    answering((response) => {
      response
        .writeHead(200, { "content-type": "application/json", "content-length": body.length })
        .end(body);
    });
    const answer = await gateway.fetch("/v1/models");
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    expect(await auditOf(gateway, answer)).toMatchObject({ bytes: 300_000, aborted: false });
  });

  it("stays packed as it came", async () => {
    const packed = gzipSync("{}");
    answering((response) => {
      response
        .writeHead(200, {
          "content-type": "application/json",
          "content-encoding": "gzip",
          "content-length": packed.length,
        })
        .end(packed);
    });
    const answer = await gateway.fetch("/v1/models", { headers: { "accept-encoding": "gzip" } });
    expect(await answer.json()).toEqual({});
    expect(await auditOf(gateway, answer)).toMatchObject({ bytes: packed.length });
  });

  it("of a HEAD request has no bytes", async () => {
    const answer = await gateway.fetch("/v1/models", { method: "HEAD" });
    expect(await auditOf(gateway, answer)).toMatchObject({ method: "HEAD", status: 200, bytes: 0 });
  });
});

describe("a stream", () => {
  const streams = async () => {
    const arriving = once(gateway.openclaw.events, "request");
    answering((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
    });
    const client = await open("/v1/models");
    const [[, upstream], [answer]] = (await Promise.all([arriving, once(client, "response")])) as [
      [IncomingMessage, ServerResponse],
      [IncomingMessage],
    ];
    await once(answer, "data");
    const requestId = answer.headers["x-request-id"];
    return { client, upstream, answer, line: { event: "request", requestId } };
  };

  it("is told of when it has ended, not when it began", async () => {
    const { upstream, answer, line } = await streams();
    expect(linesOf(gateway.log()).filter(({ requestId }) => requestId === line.requestId)).toEqual([]);
    upstream.end("data: [DONE]\n\n");
    answer.resume();
    await once(answer, "end");
    expect(await logged(gateway, line)).toMatchObject({ streaming: true, bytes: 25, aborted: false });
  });

  it("that its client leaves in a silence is told of as broken off, with what was sent", async () => {
    const { client, line } = await streams();
    const aborted = once(gateway.openclaw.events, "aborted");
    client.socket?.resetAndDestroy();
    await aborted;
    expect(await logged(gateway, line)).toMatchObject({ streaming: true, bytes: 11, aborted: true });
  });
});

it.each([
  ["/health", "GET /health"],
  ["/app/whatever?a=b", "GET /app/*"],
  ["/chat.html", "GET /chat.html"],
  ["/nowhere", "-"],
  ["/tools/invoke", "-"],
])("%s is told as %j, never by what was asked for", async (path, route) => {
  const answer = await gateway.fetch(path);
  await answer.arrayBuffer();
  expect(await auditOf(gateway, answer)).toMatchObject({ route });
});

it("a WebSocket's upgrade has a line", async () => {
  const answer = await gateway.fetch("/", { headers: { upgrade: "websocket", origin: ORIGIN } });
  answer.webSocket?.accept();
  expect(await auditOf(gateway, answer)).toMatchObject({ status: 101, bytes: 0, route: "WebSocket /" });
  answer.webSocket?.close(1000);
});

it("nothing is written where the audit is switched off", async () => {
  const quiet = await startGateway({ bindings: { ENABLE_AUDIT_LOG: "false", LOG_LEVEL: "debug" } });
  try {
    const first = await quiet.fetch("/v1/models");
    await first.text();
    await quiet.fetch("/v1/models", { token: null });
    await logged(quiet, { event: "sign-in refused" });
    expect(linesOf(quiet.log()).map(({ event }) => event)).toEqual(["sign-in accepted", "sign-in refused"]);
  } finally {
    await quiet.close();
  }
});
