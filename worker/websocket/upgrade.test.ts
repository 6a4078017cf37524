import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { bridged, closing, refusal } from "../testing/socket.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

describe("messages", () => {
  it("pass both ways: text, binary and empty ones", async () => {
    const { client, upstream } = await bridged(gateway);
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
    const { client, upstream } = await bridged(gateway);
    const data = Buffer.alloc(25 * 1024 * 1024, 7);
    const arrived = once(upstream, "message") as Promise<[Buffer, boolean]>;
    client.send(data);
    expect((await arrived)[0].equals(data)).toBe(true);
    client.terminate();
  });

  it("keep their order", async () => {
    const { client, upstream } = await bridged(gateway);
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
    const { client, upstream } = await bridged(gateway);
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
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(upstream), closing(client)]);
    client.close(code, reason);
    expect(await both).toEqual([
      [code, reason],
      [code, reason],
    ]);
  });

  it("without a code stays without a code", async () => {
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(upstream), closing(client)]);
    client.close();
    expect(await both).toEqual([
      [1005, ""],
      [1005, ""],
    ]);
  });

  it("a browser that vanishes leaves no socket at OpenClaw", async () => {
    const { client, upstream } = await bridged(gateway);
    const closed = closing(upstream);
    client.terminate();
    await closed;
  });

  it("an OpenClaw that vanishes leaves no socket at the browser", async () => {
    const { client, upstream } = await bridged(gateway);
    const closed = closing(client);
    upstream.terminate();
    expect([1006, 1011]).toContain((await closed)[0]);
  });
});

describe("the upgrade", () => {
  it("carries the client's address and this origin, and no credentials", async () => {
    const { client, request } = await bridged(gateway, {
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
    expect(await refusal(gateway, headers, path)).toEqual(expected);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});
