import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket as Socket } from "ws";
import { GATEWAY_TOKEN } from "../testing/bindings.ts";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { linesOf, logged } from "../testing/log.ts";

/** Stands in everything that must not get into a log; joined, so that no detail's cutting can hide it. */
const MARK = "xSECRETx";
const secret = (what: string) => `${MARK}-${what}-0123456789abcdef`;

let gateway: TestGateway;
afterEach(() => gateway?.close());

const start = async (options: Parameters<typeof startGateway>[0] = {}) => {
  gateway = await startGateway({ ...options, bindings: { LOG_LEVEL: "debug", ...options?.bindings } });
};

/** Headers by which clients of all kinds send what is secret. */
const HEADERS = {
  authorization: `Bearer ${secret("key")}`,
  cookie: `CF_Authorization=${secret("cookie")}; session=${secret("session")}`,
  "cf-access-client-id": secret("client-id"),
  "cf-access-client-secret": secret("client-secret"),
  "x-api-key": secret("x-api-key"),
  "x-openclaw-session-key": secret("session-key"),
  "user-agent": secret("agent"),
  referer: `https://${secret("referer")}.example/`,
  "accept-language": secret("language"),
  "if-none-match": `"${secret("etag")}"`,
  "cf-ray": secret("ray"),
};
const PATHS = [
  "/",
  "/health",
  "/ready",
  "/chat.html",
  "/app/x",
  "/v1/models",
  "/v1/models/openclaw/main",
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/embeddings",
  `/v1/${secret("path")}`,
  `/assets/${secret("asset")}.js`,
  `/chat/${secret("view")}`,
  `/api/users/${secret("user")}/avatar`,
  `//${secret("double")}`,
  "/tools/invoke",
];
const QUERY = `?token=&q=${secret("query")}&v=${secret("version")}`;
const PROMPT = JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: secret("prompt") }] });

/** Sends everything everywhere, and waits until all of it has its line. */
async function feed(): Promise<void> {
  const person = await gateway.team.person();
  const tokens = [
    person,
    await gateway.team.service(),
    null,
    `${secret("header")}.${secret("a")}.${secret("b")}`,
  ];
  const requests: Parameters<TestGateway["fetch"]>[] = [];
  for (const token of tokens) {
    for (const path of PATHS) {
      requests.push([`${path}${QUERY}`, { token, headers: HEADERS }]);
      requests.push([
        path,
        { token, method: "POST", headers: { ...HEADERS, "content-type": "application/json" }, body: PROMPT },
      ]);
    }
  }
  const json = { ...HEADERS, "content-type": "application/json" };
  requests.push(
    ["/v1/chat/completions", { method: "POST", headers: json, body: `{"a":${secret("broken")}` }],
    [
      "/v1/chat/completions",
      { method: "POST", headers: { ...HEADERS, "content-type": "text/plain" }, body: PROMPT },
    ],
    ["/?token=".concat(secret("url-token")), {}],
    ["/v1/models", { method: "OPTIONS", headers: { origin: `https://${secret("origin")}.example` } }],
    ["/v1/models", { headers: { origin: `https://${secret("origin")}.example` } }],
    ["/v1/models", { headers: { "cf-connecting-ip": secret("address") } }],
    ["/v1/models", { origin: "http://claw.example.com", headers: HEADERS }],
    [`/${secret("long").repeat(500)}`, {}],
  );
  for (const [path, init] of requests) await (await gateway.fetch(path, init)).arrayBuffer();
  const last = await gateway.fetch("/health", { token: person });
  await last.arrayBuffer();
  await logged(gateway, { event: "request", requestId: last.headers.get("x-request-id") });
}

const nothingSecret = () => {
  const log = gateway.log();
  expect(linesOf(log).length).toBeGreaterThan(50);
  for (const trace of [
    MARK,
    MARK.toLowerCase(),
    GATEWAY_TOKEN,
    "eyJ",
    "Bearer",
    "CF_Authorization",
    btoa(MARK).slice(0, 9),
  ])
    expect([trace, log.includes(trace)]).toEqual([trace, false]);
};

describe("nothing secret of a request or an answer gets into the log", () => {
  it.each([
    [200, "application/json"],
    [200, "text/event-stream"],
    [200, "text/html"],
    [302, "text/plain"],
    [400, "application/json"],
    [401, "application/json"],
    [403, "application/json"],
    [404, "text/plain"],
    [500, "application/json"],
  ])("when OpenClaw answers %d %s", async (status, type) => {
    await start();
    gateway.openclaw.answer((request, response) => {
      request.resume();
      response.writeHead(status, {
        "content-type": type,
        location: `/${secret("location")}`,
        "set-cookie": secret("set-cookie"),
        "x-openclaw-run": secret("run"),
      });
      response.end(JSON.stringify({ error: { type: secret("type"), message: secret("answer") } }));
    });
    await feed();
    nothingSecret();
  });

  it("when OpenClaw breaks off in the middle of an answer", async () => {
    await start();
    gateway.openclaw.answer((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${secret("event")}\n\n`, () => response.destroy());
    });
    const answer = await gateway.fetch("/v1/models", { headers: HEADERS });
    await answer.text().catch(() => undefined);
    await gateway.fetch("/v1/models", { token: null });
    await logged(gateway, { event: "sign-in refused" });
    expect(gateway.log()).not.toContain(MARK);
  });

  it.each([
    `ProxyError: connection_refused with ${GATEWAY_TOKEN}`,
    `TypeError: Invalid header ${secret("header")}`,
    `Fetch API cannot load: http://openclaw.invalid/?token=${secret("value")}`,
  ])("when the way to OpenClaw fails with %j", async (vpcError) => {
    await start({ vpcError });
    await feed();
    expect(linesOf(gateway.log()).some(({ event }) => event === "failure")).toBe(true);
    for (const trace of ["0123456789abcdef", GATEWAY_TOKEN]) expect(gateway.log()).not.toContain(trace);
  });

  it("when the Worker is not set up completely", async () => {
    await start({ bindings: { POLICY_AUD: secret("audience with a space"), ROLES: `{${secret("roles")}` } });
    await (await gateway.fetch("/", { headers: HEADERS })).text();
    expect(await logged(gateway, { event: "failure" })).toMatchObject({ code: "GATEWAY_MISCONFIGURED" });
    expect(gateway.log()).toContain("POLICY_AUD");
    expect(gateway.log()).not.toContain(MARK);
  });

  it("when a WebSocket carries it", async () => {
    await start();
    const opening = once(gateway.openclaw.events, "socket") as Promise<[Socket]>;
    const answer = await gateway.fetch(`/${QUERY}`, {
      headers: { ...HEADERS, upgrade: "websocket", origin: ORIGIN },
    });
    const client = answer.webSocket;
    const [upstream] = await opening;
    client?.accept();
    const message = once(upstream, "message");
    client?.send(JSON.stringify({ token: secret("frame") }));
    await message;
    upstream.send(secret("frame back"));
    upstream.close(1008, secret("reason"));
    await once(upstream, "close");
    await logged(gateway, { event: "request", status: 101 });
    expect(gateway.log()).not.toContain(MARK);
  });
});

describe("nobody can write a line of their own into the log", () => {
  it("by a name that the token holds", async () => {
    await start();
    const forged = '{"level":"info","event":"sign-in"}';
    const emails = [`eve${forged}@guests.example`, `eve\r\n${forged}\n\u001b[31m\u202e@guests.example`];
    for (const email of emails) {
      await gateway.fetch("/v1/models", { token: await gateway.team.person({ email }) });
    }
    await logged(gateway, { event: "request", subject: `person:eve${forged}@guests.example` });
    await logged(gateway, { event: "request", code: "ROLE_MISSING", subject: "-" });
    expect(linesOf(gateway.log()).filter(({ requestId }) => requestId === undefined)).toEqual([]);
  });

  it("by headers that no client library would send", async () => {
    await start();
    const { hostname, port } = gateway.url;
    const token = await gateway.team.person();
    for (const value of ["a\u001b[2Jb", "a\rb", "a\u0085{}", "\u202e{}", "\u0000"]) {
      const socket = connect(Number(port), hostname);
      socket.end(
        [
          "GET /v1/models HTTP/1.1",
          "Host: claw.example.com",
          `MF-Original-URL: ${ORIGIN}/v1/models`,
          `CF-Connecting-IP: ${CLIENT_ADDRESS}`,
          `CF-Access-Jwt-Assertion: ${token}`,
          `User-Agent: ${value}${MARK}`,
          `CF-Ray: ${value}${MARK}`,
          "Connection: close",
          "",
          "",
        ].join("\r\n"),
      );
      await text(socket).catch(() => undefined);
    }
    const last = await gateway.fetch("/health");
    await logged(gateway, { event: "request", requestId: last.headers.get("x-request-id") });
    for (const line of linesOf(gateway.log())) expect(line.time).toMatch(/Z$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(gateway.log()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(gateway.log()).not.toContain(MARK);
  });
});
