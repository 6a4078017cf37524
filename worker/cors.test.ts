import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ORIGIN, startGateway, type TestGateway } from "./testing/gateway.ts";

const APP = "https://app.example.org";
const CORS_HEADERS = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
  "access-control-expose-headers",
];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { CORS_ORIGINS: `${APP},https://b.example:8443` } });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const corsOf = (answer: { headers: { get(name: string): string | null } }) =>
  Object.fromEntries(CORS_HEADERS.map((name) => [name, answer.headers.get(name)]));
const nothing = corsOf({ headers: new Headers() });

const preflight = (path: string, headers: Record<string, string>) =>
  gateway.fetch(path, {
    method: "OPTIONS",
    token: null,
    headers: { origin: APP, "access-control-request-method": "POST", ...headers },
  });

describe("a preflight", () => {
  it("of an allowed origin is answered here, without an identity, and never reaches OpenClaw", async () => {
    const answer = await preflight("/v1/chat/completions", {
      "access-control-request-headers":
        "authorization,content-type,x-stainless-os,x-stainless-retry-count,x-evil",
    });
    expect(answer.status).toBe(204);
    expect(corsOf(answer)).toMatchObject({
      "access-control-allow-origin": APP,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, POST, HEAD",
      "access-control-allow-headers":
        "Authorization, Content-Type, CF-Access-Client-Id, CF-Access-Client-Secret, X-Requested-With, x-stainless-os, x-stainless-retry-count",
      "access-control-max-age": "7200",
    });
    expect(answer.headers.get("vary")).toBe("Origin");
    expect(gateway.openclaw.requests).toEqual([]);
  });

  it("is alike for paths that are there and paths that are not, whatever it asks for", async () => {
    const asked: [string, Record<string, string>][] = [
      ["/v1/chat/completions", {}],
      ["/v1/nowhere", {}],
      ["/v1//..%2f", {}],
      ["/v1/models", { "access-control-request-method": "DELETE" }],
      ["/v1/models", { "access-control-request-headers": "x-openclaw-scopes" }],
    ];
    const answers = await Promise.all(asked.map(([path, headers]) => preflight(path, headers)));
    const seen = answers.map((answer) => JSON.stringify([answer.status, corsOf(answer)]));
    expect(new Set(seen).size).toBe(1);
  });

  it("of another origin, or for what is not the API, gets the same 204 with nothing in it", async () => {
    const asked: [string, Record<string, string>][] = [
      ["/v1/models", { origin: "https://evil.example" }],
      ["/", {}],
      ["/chat.html", {}],
      ["/nowhere", {}],
      ["/V1/models", {}],
    ];
    for (const [path, headers] of asked) {
      const answer = await preflight(path, headers);
      expect([path, answer.status, corsOf(answer)]).toEqual([path, 204, nothing]);
    }
  });
});

describe("an allowed origin", () => {
  it("may call the API and read the answer", async () => {
    const headers = { origin: APP, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" };
    const answer = await gateway.fetch("/v1/models", { headers });
    expect([answer.status, await answer.json()]).toEqual([200, { object: "list", data: [] }]);
    expect(corsOf(answer)).toMatchObject({
      "access-control-allow-origin": APP,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": expect.stringContaining("x-request-id"),
    });
  });

  it("may read why it was refused", async () => {
    for (const [path, token] of [
      ["/v1/nowhere", undefined],
      ["/v1/models", null],
    ] as const) {
      const answer = await gateway.fetch(path, { token, headers: { origin: APP } });
      expect([path, answer.headers.get("access-control-allow-origin")]).toEqual([path, APP]);
    }
  });

  it.each(["/", "/chat.html", "/health", "/control-ui-config.json", "/chat/main"])(
    "may not call %s",
    async (path) => {
      const answer = await gateway.fetch(path, { headers: { origin: APP, "sec-fetch-site": "cross-site" } });
      expect([answer.status, corsOf(answer)]).toEqual([403, nothing]);
    },
  );

  it("may not make a form navigate to the API", async () => {
    const headers = { origin: APP, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    const answer = await gateway.fetch("/v1/chat/completions", { method: "POST", headers, body: "{}" });
    expect(answer.status).toBe(403);
  });

  it("may open no WebSocket", async () => {
    const answer = await gateway.fetch("/", { headers: { origin: APP, upgrade: "websocket" } });
    expect(answer.status).toBe(403);
  });
});

describe("an Origin that only looks like an allowed one is refused", () => {
  it.each([
    "null",
    "http://app.example.org",
    "https://APP.example.org",
    "https://app.example.org.",
    "https://app.example.org:443",
    "https://app.example.org:8443",
    "https://app.example.org/",
    "https://app.example.org.evil.example",
    "https://evilapp.example.org",
    "https://sub.app.example.org",
    "https://app.example.org@evil.example",
    "https://b.example",
    "https://app.example.org,https://b.example:8443",
    "https://app.example.org https://evil.example",
    "*",
    "file://",
    "https://app.example.org%00.evil.example",
    "__proto__",
    `${ORIGIN}.evil.example`,
    ORIGIN.replace("https", "http"),
    ORIGIN.toUpperCase(),
  ])("%j", async (origin) => {
    const answer = await gateway.fetch("/v1/models", { headers: { origin } });
    expect([answer.status, corsOf(answer)]).toEqual([403, nothing]);
    expect(answer.headers.get("vary")).toContain("Origin");
    expect(gateway.openclaw.requests).toEqual([]);
  });
});

it.each(["x-forwarded-host", "x-original-host", "x-host", "forwarded"])(
  "an Origin is never compared with %s, which anybody can send",
  async (name) => {
    const headers = { origin: "https://evil.example", [name]: "evil.example" };
    const answer = await gateway.fetch("/v1/models", { headers });
    expect([answer.status, corsOf(answer)]).toEqual([403, nothing]);
  },
);

it("what OpenClaw says of CORS is not passed on", async () => {
  gateway.openclaw.answer((_request, response) => {
    const headers = { "content-type": "application/json", vary: "accept-encoding" };
    response.writeHead(200, { ...headers, "access-control-allow-origin": "*" }).end("{}");
  });
  const answer = await gateway.fetch("/v1/models");
  expect(corsOf(answer)).toEqual(nothing);
  expect(answer.headers.get("vary")).toBe("accept-encoding, Origin");
});

it("without allowed origins nothing speaks of CORS, and preflights still get their 204", async () => {
  const closed = await startGateway();
  try {
    const answer = await closed.fetch("/v1/models", {
      method: "OPTIONS",
      token: null,
      headers: { origin: APP },
    });
    expect([answer.status, corsOf(answer), answer.headers.get("vary")]).toEqual([204, nothing, null]);
  } finally {
    await closed.close();
  }
});
