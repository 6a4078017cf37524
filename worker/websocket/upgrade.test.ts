import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { bridged, connect, refusal } from "../testing/socket.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

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

  it("offers none of the client's subprotocols and extensions", async () => {
    const { client, request } = await bridged(gateway, {
      "sec-websocket-extensions": "permessage-deflate; client_max_window_bits, x-own",
    });
    expect(request.headers).not.toHaveProperty("sec-websocket-protocol");
    expect(String(request.headers["sec-websocket-extensions"])).not.toContain("x-own");
    client.terminate();

    gateway.openclaw.reset();
    const offering = await connect(gateway, { "sec-websocket-protocol": "openclaw.admin" });
    offering.on("error", () => undefined); // as a browser: none of its own was chosen
    await once(gateway.openclaw.events, "socket");
    expect(gateway.openclaw.requests[0]?.headers).not.toHaveProperty("sec-websocket-protocol");
    offering.terminate();
  });

  it("carries an IPv6 client's address in its canonical form", async () => {
    const { client, request } = await bridged(gateway, { "cf-connecting-ip": "2001:db8:0:0::7" });
    expect(request.headers["x-forwarded-for"]).toBe("2001:db8::7");
    client.terminate();
  });

  it.each<[string, string, Record<string, string | undefined>, unknown[]]>([
    ["no token", "/", { "cf-access-jwt-assertion": undefined }, [401, "ACCESS_TOKEN_MISSING"]],
    ["no Origin", "/", { origin: undefined }, [403, "WEBSOCKET_ORIGIN_REFUSED"]],
    ["another Origin", "/", { origin: "https://evil.example" }, [403, "CROSS_SITE_REFUSED"]],
    ["this Origin over http", "/", { origin: "http://claw.example.com" }, [403, "CROSS_SITE_REFUSED"]],
    ["this Origin on another port", "/", { origin: `${ORIGIN}:8443` }, [403, "CROSS_SITE_REFUSED"]],
    ["this Origin in capitals", "/", { origin: ORIGIN.toUpperCase() }, [403, "CROSS_SITE_REFUSED"]],
    ["this Origin and a slash", "/", { origin: `${ORIGIN}/` }, [403, "CROSS_SITE_REFUSED"]],
    ["this Origin twice", "/", { origin: `${ORIGIN}, ${ORIGIN}` }, [403, "CROSS_SITE_REFUSED"]],
    ["a hidden Origin", "/", { origin: "null" }, [403, "CROSS_SITE_REFUSED"]],
    ["an empty Origin", "/", { origin: "" }, [403, "WEBSOCKET_ORIGIN_REFUSED"]],
    ["a sibling's Origin", "/", { origin: "https://other.example.com" }, [403, "CROSS_SITE_REFUSED"]],
    ["a longer name's Origin", "/", { origin: `${ORIGIN}.evil.example` }, [403, "CROSS_SITE_REFUSED"]],
    ["a page of the same site", "/", { "sec-fetch-site": "same-site" }, [403, "CROSS_SITE_REFUSED"]],
    ["no client address", "/", { "cf-connecting-ip": undefined }, [400, "CLIENT_ADDRESS_REFUSED"]],
    ["a garbled client address", "/", { "cf-connecting-ip": "garbage" }, [400, "CLIENT_ADDRESS_REFUSED"]],
    ["loopback as client address", "/", { "cf-connecting-ip": "127.0.0.1" }, [400, "CLIENT_ADDRESS_REFUSED"]],
    ["mapped loopback", "/", { "cf-connecting-ip": "::ffff:127.0.0.1" }, [400, "CLIENT_ADDRESS_REFUSED"]],
    [
      "two client addresses",
      "/",
      { "cf-connecting-ip": "203.0.113.9, ::1" },
      [400, "CLIENT_ADDRESS_REFUSED"],
    ],
    ["another path", "/chat/main", {}, [404, "NOT_FOUND"]],
    ["the API's path", "/v1/models", {}, [404, "NOT_FOUND"]],
    ["index.html", "/index.html", {}, [404, "NOT_FOUND"]],
    ["OpenClaw's workers' path", "/__openclaw__/worker", {}, [404, "NOT_FOUND"]],
    ["a secret in the URL", "/?token=x", {}, [400, "SECRET_IN_URL"]],
  ])("with %s is refused, and never reaches OpenClaw", async (_name, path, headers, expected) => {
    expect(await refusal(gateway, headers, path)).toEqual(expected);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});
