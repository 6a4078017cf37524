import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GATEWAY_TOKEN } from "./testing/bindings.ts";
import { openPost } from "./testing/client.ts";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "./testing/gateway.ts";
import { bridged, closing } from "./testing/socket.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { QUOTAS: '{"guest":{"concurrentRuns":1}}' } });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** A request whose headers are written as they are given: twice, in any case, with any sign that HTTP has. */
async function send(path: string, headers: OutgoingHttpHeaders, method = "GET") {
  const client: ClientRequest = request(new URL("/", gateway.url), {
    method,
    headers: {
      "mf-original-url": `${ORIGIN}${path}`,
      "cf-connecting-ip": CLIENT_ADDRESS,
      "cf-access-jwt-assertion": await gateway.team.person(),
      ...headers,
    },
  }).end();
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}
const codeOf = ({ status, body }: { status: number | undefined; body: string }) => [
  status,
  (JSON.parse(body) as { error?: { code: string } }).error?.code,
];

describe("a header that OpenClaw would listen to", () => {
  const listened = [
    "x-openclaw-model",
    "x-openclaw-agent-id",
    "x-openclaw-session-key",
    "x-openclaw-scopes",
    "x-gateway-user",
    "x-gateway-stack",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
    "authorization",
    "cookie",
    "tailscale-user-login",
    "cf-access-authenticated-user-email",
  ];
  it.each<[string, (name: string) => OutgoingHttpHeaders]>([
    ["in capitals", (name) => ({ [name.toUpperCase()]: "evil" })],
    ["in mixed case", (name) => ({ [name.replace(/\b\w/g, (letter) => letter.toUpperCase())]: "evil" })],
    ["with underscores", (name) => ({ [name.replaceAll("-", "_")]: "evil" })],
    ["twice", (name) => ({ [name]: ["evil", "evil too"] })],
    ["named as one of the connection's own", (name) => ({ [name]: "evil", connection: `close, ${name}` })],
  ])("%s goes no further, whichever it is", async (_how, write) => {
    for (const name of listened) {
      gateway.openclaw.reset();
      expect((await send("/v1/models", write(name))).status).toBe(200);
      const [asked] = gateway.openclaw.requests;
      expect([name, JSON.stringify(asked?.rawHeaders).includes("evil")]).toEqual([name, false]);
      expect(asked?.headersDistinct).toMatchObject({
        authorization: [`Bearer ${GATEWAY_TOKEN}`],
        "x-forwarded-for": [CLIENT_ADDRESS],
        "x-forwarded-proto": ["https"],
      });
    }
  });

  it("and is the client's address is refused when it comes twice, and not heard with underscores", async () => {
    const twice = await send("/v1/models", { "cf-connecting-ip": [CLIENT_ADDRESS, "127.0.0.1"] });
    expect(codeOf(twice)).toEqual([400, "CLIENT_ADDRESS_REFUSED"]);
    expect(gateway.openclaw.requests).toHaveLength(0);
    await send("/v1/models", { cf_connecting_ip: "127.0.0.1" });
    expect(gateway.openclaw.requests[0]?.headers["x-forwarded-for"]).toBe(CLIENT_ADDRESS);
  });
});

describe("a method that a header or the query names instead of its own", () => {
  const overrides = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x_http_method_override",
  ];
  it.each(overrides)("%s changes nothing", async (name) => {
    const asked = [
      await send("/v1/chat/completions", { [name]: "POST" }),
      await send("/v1/models", { [name]: "GET" }, "DELETE"),
      await send("/tools/invoke", { [name]: "POST" }),
    ];
    expect(asked.map(codeOf)).toEqual([
      [405, "METHOD_NOT_ALLOWED"],
      [405, "METHOD_NOT_ALLOWED"],
      [404, "NOT_FOUND"],
    ]);
    expect(gateway.openclaw.requests).toHaveLength(0);
    expect((await send("/v1/models?_method=DELETE", { [name]: "DELETE" })).status).toBe(200);
    expect(gateway.openclaw.requests.map(({ method, url }) => [method, url])).toEqual([
      ["GET", "/v1/models"],
    ]);
  });

  it.each(["get", "GETS", "PROPFIND", "TRACE", "PATCH", "QUERY"])(
    "nor is %s another's name",
    async (method) => {
      const answer = await gateway.fetch("/v1/chat/completions", { method }).catch(() => undefined);
      expect([undefined, 405, 501]).toContain(answer?.status);
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );
});

describe("a Host of the client's choice", () => {
  const EVIL = "evil.example";
  it("is not what an Origin is compared with, nor where a redirect leads, nor what OpenClaw hears", async () => {
    const names = { host: EVIL, "x-forwarded-host": EVIL, "x-host": EVIL, "x-original-host": EVIL };
    const foreign = await send("/v1/models", { ...names, origin: `https://${EVIL}` });
    expect(codeOf(foreign)).toEqual([403, "CROSS_SITE_REFUSED"]);
    expect(gateway.openclaw.requests).toHaveLength(0);
    const redirect = await send("/app/chat", names);
    expect([redirect.status, redirect.headers.location]).toEqual([302, "/"]);
    const answer = await send("/v1/models", names);
    expect(answer.status).toBe(200);
    expect(JSON.stringify([gateway.openclaw.requests[0]?.rawHeaders, answer.headers])).not.toContain(EVIL);
  });

  it.each(["x-original-url", "x-rewrite-url", "x-forwarded-prefix", "x-forwarded-uri"])(
    "and a path in %s are read by nobody",
    async (name) => {
      expect(codeOf(await send("/nowhere", { [name]: "/v1/models" }))).toEqual([404, "NOT_FOUND"]);
      expect((await send("/v1/models", { [name]: "/tools/invoke" })).status).toBe(200);
      expect(gateway.openclaw.requests.map(({ url }) => url)).toEqual(["/v1/models"]);
    },
  );
});

describe("a path in signs that look or decode like others", () => {
  it.each([
    "/v1／models",
    "/ｖ1/models",
    "/v1/modelѕ",
    "/v1/models\u200b",
    "/%76%31/%6d%6f%64%65%6c%73",
    "/v1/models%E2%80%8B",
    "/v1%E2%88%95models",
    "/v1/chat/．．/models",
    "/v1/models%20",
    "/v1/models.",
    "/v1/models/openclaw%2Fmain%2F..%2Ftools",
    "/v1/models/openclaw/%2e%2e%2fadmin",
    "/assets/%2e%2e/%2e%2e/tools/invoke",
    "/avatar/%2e%2e%2fmain",
    "/__openclaw__/channel-avatar/..%2f..%2ftools",
    "/api/users/a%0d%0ab/avatar",
    "/api/users/%C0%AE%C0%AE/avatar",
    "/api/chat/media/outgoing/a%2Fb/c/full",
  ])("%s is another one, or none", async (path) => {
    const answer = await gateway.fetch(path);
    expect([400, 404]).toContain(answer.status);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

describe("a body that comes slowly", () => {
  it("reaches nobody and takes no run's place before it is whole", async () => {
    const token = await gateway.team.person({ email: "gus@guests.example" });
    const client = await openPost(gateway, { token });
    client.on("error", () => undefined);
    client.write('{"user":');
    const headers = { "content-type": "application/json" };
    const other = await gateway.fetch("/v1/chat/completions", { method: "POST", token, headers, body: "{}" });
    expect([other.status, await other.json()]).toMatchObject([200, { object: "list" }]);
    expect(gateway.openclaw.requests).toHaveLength(1);
    client.end('"a"}');
    const [answer] = (await once(client, "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    expect(gateway.openclaw.requests).toHaveLength(2);
  });

  it("and never ends is given up, for OpenClaw has not heard of it", async () => {
    await using hasty = await startGateway({ haste: 100 });
    for (const headers of [{}, { "content-length": "1000" }]) {
      const client = await openPost(hasty, headers as Record<string, string>);
      client.on("error", () => undefined);
      client.write('{"messages":');
      const [answer] = (await once(client, "response")) as [IncomingMessage];
      expect([answer.statusCode, JSON.parse(await text(answer)).error.code]).toEqual([408, "BODY_TOO_SLOW"]);
      client.destroy();
    }
    expect(hasty.openclaw.requests).toHaveLength(0);
  });
});

describe("what unpacks to far more than it was", () => {
  it.each([30, 200])(
    "ends its socket as a WebSocket's message of %d MiB, and never reaches OpenClaw",
    async (size) => {
      const { client, upstream } = await bridged(gateway);
      expect(client.extensions).toContain("permessage-deflate");
      const reached = once(upstream, "message").then(() => "reached OpenClaw");
      const closed = closing(client).then(([code]) => code);
      client.send(Buffer.alloc(size * 1024 * 1024)); // a thousandth of it on the wire
      expect(await Promise.race([reached, closed])).toBe(1009);
      client.terminate();
    },
  );
});
