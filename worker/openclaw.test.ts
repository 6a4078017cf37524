import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GATEWAY_TOKEN } from "./testing/bindings.ts";
import { CLIENT_ADDRESS, startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** What OpenClaw received of one request. */
async function received(path: string, headers: Record<string, string> = {}) {
  const answer = await gateway.fetch(path, { headers });
  await answer.arrayBuffer();
  const [request, ...more] = gateway.openclaw.requests;
  expect(more).toEqual([]);
  return { answer, request, headers: request?.headers ?? {} };
}

describe("the client's address", () => {
  it.each([
    ["203.0.113.77", "203.0.113.77"],
    ["2001:db8:0:0::7", "2001:db8::7"],
  ])("%s arrives as X-Forwarded-For %s", async (address, forwarded) => {
    const { headers } = await received("/v1/models", { "cf-connecting-ip": address });
    expect(headers["x-forwarded-for"]).toBe(forwarded);
  });

  it("cannot be chosen by the client, in whatever header", async () => {
    const { headers } = await received("/v1/models", {
      "x-forwarded-for": "127.0.0.1, 198.51.100.1",
      "x-real-ip": "127.0.0.1",
      forwarded: "for=127.0.0.1",
      "true-client-ip": "127.0.0.1",
    });
    expect(headers["x-forwarded-for"]).toBe(CLIENT_ADDRESS);
    expect(headers).not.toHaveProperty("x-real-ip");
    expect(headers).not.toHaveProperty("forwarded");
    expect(headers).not.toHaveProperty("true-client-ip");
  });

  it.each(["", "garbage", "127.0.0.1", "::1", "192.168.1.2", "203.0.113.9, 203.0.113.10"])(
    "that is %j is refused on every way to OpenClaw",
    async (address) => {
      for (const path of ["/v1/models", "/", "/assets/a.js", "/control-ui-config.json"]) {
        const answer = await gateway.fetch(path, { headers: { "cf-connecting-ip": address } });
        expect([path, answer.status]).toEqual([path, 400]);
        expect(await answer.text()).toContain("CLIENT_ADDRESS_REFUSED");
      }
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );
});

describe("a request's headers", () => {
  it("reach OpenClaw by an allow-list, with the gateway's own credentials", async () => {
    const { headers } = await received("/v1/models", {
      accept: "application/json",
      "accept-language": "de",
      authorization: "Bearer of-the-client",
      cookie: "CF_Authorization=x",
      "x-openclaw-model": "stub/none",
      "x-openclaw-session-key": "someone-elses",
      "x-openclaw-scopes": "operator.admin",
      "X-Gateway-User": "owner@example.com",
      "cf-access-authenticated-user-email": "owner@example.com",
      "cf-ray": "1",
      "tailscale-user-login": "owner@example.com",
      "x-http-method-override": "DELETE",
      "x-original-url": "/tools/invoke",
      "x-forwarded-host": "evil.example",
      "x-requested-with": "XMLHttpRequest",
      "x-anything": "else",
      "user-agent": "test",
    });
    const { host, connection, ...rest } = headers;
    expect(rest).toEqual({
      accept: "application/json",
      "accept-encoding": expect.any(String),
      "accept-language": "de",
      authorization: `Bearer ${GATEWAY_TOKEN}`,
      "x-forwarded-for": CLIENT_ADDRESS,
      "x-forwarded-proto": "https",
    });
    expect(host).toBe("openclaw.invalid");
  });

  it.each(["/", "/chat/main", "/assets/a.js", "/sw.js", "/favicon.svg"])(
    "carry no credentials to %s, which is public on the Pi",
    async (path) => {
      const { headers } = await received(path, { authorization: "Bearer of-the-client" });
      expect(headers).not.toHaveProperty("authorization");
    },
  );
});

describe("an answer", () => {
  it("passes by an allow-list, with security headers and never to be stored", async () => {
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(200, {
        "content-type": "application/json",
        "cache-control": "public, max-age=31536000, immutable",
        "content-security-policy": "default-src *",
        "set-cookie": "a=b",
        server: "openclaw",
        "x-powered-by": "node",
        "access-control-allow-origin": "*",
        "access-control-allow-credentials": "true",
        "clear-site-data": '"*"',
        "service-worker-allowed": "/",
        location: "https://evil.example",
        link: "</x>; rel=preload",
        "retry-after": "3",
      });
      response.end("{}");
    });
    const { answer } = await received("/v1/models");
    const { "x-request-id": id, ...headers } = Object.fromEntries(answer.headers);
    // What the runtime and Miniflare's own entry say about the transfer.
    for (const name of ["date", "content-length", "transfer-encoding", "mf-content-encoding"])
      delete headers[name];
    expect(id).toMatch(/^req_[0-9a-f]{32}$/);
    expect(headers).toEqual({
      "content-type": "application/json",
      "cache-control": "no-store, private",
      "content-security-policy":
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": "camera=(), geolocation=(), microphone=()",
      "referrer-policy": "no-referrer",
      "retry-after": "3",
      "strict-transport-security": "max-age=31536000",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-robots-tag": "noindex, nofollow",
    });
  });

  it("of the Control UI keeps OpenClaw's own policies, and can still not be framed", async () => {
    const policy = "default-src 'self'; script-src 'self' 'sha256-x'; connect-src 'self' ws: wss:";
    gateway.openclaw.answer((_request, response) => {
      const headers = {
        "content-type": "text/html",
        "content-security-policy": policy,
        "permissions-policy": "microphone=*",
      };
      response.writeHead(200, headers).end("<!doctype html>");
    });
    const { answer } = await received("/");
    expect(answer.headers.get("content-security-policy")).toBe(`${policy}, frame-ancestors 'none'`);
    expect(answer.headers.get("permissions-policy")).toBe("microphone=*");
    expect(answer.headers.get("cache-control")).toBe("no-store, private");
    expect(answer.headers.get("x-frame-options")).toBe("DENY");
  });

  it.each([
    ["/assets/index-B5fn.js", "public, max-age=31536000, immutable", "private, max-age=31536000, immutable"],
    ["/fonts/geist.css?v=1", "public, max-age=31536000, immutable", "private, max-age=31536000, immutable"],
    ["/fonts/geist.css", "no-cache", "no-store, private"],
    ["/", "public, max-age=31536000, immutable", "no-store, private"],
    ["/api/users/a/avatar", "private, max-age=31536000, immutable", "no-store, private"],
  ])("for %s with %s is kept: %s", async (path, upstream, expected) => {
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(200, { "content-type": "text/css", "cache-control": upstream }).end("");
    });
    const { answer } = await received(path);
    expect(answer.headers.get("cache-control")).toBe(expected);
  });

  it("that anyone may have placed is never active content", async () => {
    gateway.openclaw.answer((_request, response) => {
      const headers = { "content-type": "image/svg+xml", "content-security-policy": "script-src *" };
      response.writeHead(200, headers).end("<svg/>");
    });
    const { answer } = await received("/api/users/a/avatar");
    expect(answer.headers.get("content-security-policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'; sandbox",
    );
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("that is compressed on the Pi arrives readable", async () => {
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(200, {
        "content-type": "text/javascript",
        "content-encoding": "gzip",
        vary: "accept-encoding",
      });
      response.end(gzipSync("let a = 1;"));
    });
    const answer = await gateway.fetch("/assets/a.js", { headers: { "accept-encoding": "gzip" } });
    expect(await answer.text()).toBe("let a = 1;");
  });

  it("304 stays 304", async () => {
    gateway.openclaw.answer((_request, response) => response.writeHead(304).end());
    const { answer, headers } = await received("/favicon.svg", {
      "if-modified-since": "Tue, 29 Sep 2026 00:00:00 GMT",
    });
    expect(answer.status).toBe(304);
    expect(headers["if-modified-since"]).toBe("Tue, 29 Sep 2026 00:00:00 GMT");
  });

  it.each([400, 413, 429, 500])("%d of the API passes with its own text", async (status) => {
    const text = '{"error":{"message":"as OpenClaw says","type":"x"}}';
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(text);
    });
    const answer = await gateway.fetch("/v1/models");
    expect([answer.status, await answer.text()]).toEqual([status, text]);
  });
});
