import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** A WebSocket of a browser, as the edge hands it over. */
async function connect(path = "/", headers: Record<string, string | undefined> = {}): Promise<WebSocket> {
  const url = new URL(path, gateway.url);
  url.protocol = "ws:";
  const sent = {
    "cf-connecting-ip": CLIENT_ADDRESS,
    "cf-access-jwt-assertion": await gateway.team.person(),
    // The address that the browser sees: Miniflare takes it from this header.
    "mf-original-url": `${ORIGIN}${path}`,
    origin: ORIGIN,
    ...headers,
  };
  const defined = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined));
  return new WebSocket(url, {
    headers: defined as Record<string, string>,
    maxPayload: 64 * 1024 * 1024,
  });
}

/** Both ends of a bridge. */
async function bridged(headers: Record<string, string> = {}) {
  const socket = once(gateway.openclaw.events, "socket") as Promise<[WebSocket, IncomingMessage]>;
  const client = await connect("/", headers);
  const [[upstream, request]] = await Promise.all([socket, once(client, "open")]);
  return { client, upstream, request };
}

const closing = async (socket: WebSocket) => {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, reason.toString()];
};

async function refusal(path: string, headers: Record<string, string | undefined>) {
  const client = await connect(path, headers);
  const [, answer] = (await once(client, "unexpected-response")) as [unknown, IncomingMessage];
  let body = "";
  for await (const chunk of answer) body += chunk;
  return [answer.statusCode, JSON.parse(body).error.code];
}

describe("messages", () => {
  it("pass both ways: text, binary and empty ones", async () => {
    const { client, upstream } = await bridged();
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      for (const data of ["hello", "", "é".repeat(1000), Buffer.from([0, 255, 1]), Buffer.alloc(0)]) {
        const arrived = once(to, "message") as Promise<[Buffer, boolean]>;
        from.send(data);
        const [received, isBinary] = await arrived;
        expect(isBinary).toBe(typeof data !== "string");
        expect(received.equals(Buffer.from(data))).toBe(true);
      }
    }
    client.terminate();
  });

  it("may have the 25 MiB that OpenClaw takes", async () => {
    const { client, upstream } = await bridged();
    const data = Buffer.alloc(25 * 1024 * 1024, 7);
    const arrived = once(upstream, "message") as Promise<[Buffer, boolean]>;
    client.send(data);
    expect((await arrived)[0].equals(data)).toBe(true);
    client.terminate();
  });

  it("keep their order", async () => {
    const { client, upstream } = await bridged();
    const received: string[] = [];
    const last = new Promise<void>((resolve) => {
      upstream.on("message", (data) => {
        received.push(data.toString());
        if (received.length === 200) resolve();
      });
    });
    for (let i = 0; i < 200; i += 1) client.send(String(i));
    await last;
    expect(received).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    client.terminate();
  });
});

describe("a close", () => {
  it.each([
    [1000, "bye"],
    [1008, "pairing required"],
    [1012, "service restart"],
    [4001, "é".repeat(61)],
  ])("%d %s of OpenClaw reaches the browser", async (code, reason) => {
    const { client, upstream } = await bridged();
    const both = Promise.all([closing(client), closing(upstream)]);
    upstream.close(code, reason);
    expect(await both).toEqual([
      [code, reason],
      [code, reason],
    ]);
  });

  it.each([
    [1000, "done"],
    [4000, "x".repeat(123)],
  ])("%d of the browser reaches OpenClaw", async (code, reason) => {
    const { client, upstream } = await bridged();
    const both = Promise.all([closing(upstream), closing(client)]);
    client.close(code, reason);
    expect(await both).toEqual([
      [code, reason],
      [code, reason],
    ]);
  });

  it("without a code stays without a code", async () => {
    const { client, upstream } = await bridged();
    const both = Promise.all([closing(upstream), closing(client)]);
    client.close();
    expect(await both).toEqual([
      [1005, ""],
      [1005, ""],
    ]);
  });

  it("a browser that vanishes leaves no socket at OpenClaw", async () => {
    const { client, upstream } = await bridged();
    const closed = closing(upstream);
    client.terminate();
    await closed;
  });

  it("an OpenClaw that vanishes leaves no socket at the browser", async () => {
    const { client, upstream } = await bridged();
    const closed = closing(client);
    upstream.terminate();
    expect([1006, 1011]).toContain((await closed)[0]);
  });
});

describe("the upgrade", () => {
  it("carries the client's address and this origin, and no credentials", async () => {
    const { client, request } = await bridged({
      authorization: "Bearer of-the-client",
      cookie: "CF_Authorization=x",
      "x-forwarded-for": "127.0.0.1",
      "x-openclaw-scopes": "operator.admin",
    });
    expect(request.url).toBe("/");
    expect(request.headers).toMatchObject({ "x-forwarded-for": CLIENT_ADDRESS, origin: ORIGIN });
    for (const name of ["authorization", "cookie", "x-openclaw-scopes", "cf-access-jwt-assertion"]) {
      expect(request.headers).not.toHaveProperty(name);
    }
    client.terminate();
  });

  it.each<[string, string, Record<string, string | undefined>, unknown[]]>([
    ["no token", "/", { "cf-access-jwt-assertion": undefined }, [401, "ACCESS_TOKEN_MISSING"]],
    ["no Origin", "/", { origin: undefined }, [403, "WEBSOCKET_ORIGIN_REFUSED"]],
    ["another Origin", "/", { origin: "https://evil.example" }, [403, "CROSS_SITE_REFUSED"]],
    ["this Origin over http", "/", { origin: "http://claw.example.com" }, [403, "CROSS_SITE_REFUSED"]],
    ["no client address", "/", { "cf-connecting-ip": "garbage" }, [400, "CLIENT_ADDRESS_REFUSED"]],
    ["another path", "/chat/main", {}, [404, "NOT_FOUND"]],
    ["the API's path", "/v1/models", {}, [404, "NOT_FOUND"]],
    ["a secret in the URL", "/?token=x", {}, [400, "SECRET_IN_URL"]],
  ])("with %s is refused, and never reaches OpenClaw", async (_name, path, headers, expected) => {
    expect(await refusal(path, headers)).toEqual(expected);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});
