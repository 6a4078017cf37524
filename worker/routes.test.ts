import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TOLD } from "./key-notice.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const codeOf = async (answer: { json(): Promise<unknown> }) =>
  ((await answer.json()) as { error: { code: string } }).error.code;

describe("what goes through", () => {
  it.each([
    ["/v1/models", "/v1/models"],
    ["/v1/models?x=1", "/v1/models"],
    ["/v1/models/openclaw", "/v1/models/openclaw"],
    ["/v1/models/openclaw/main", "/v1/models/openclaw%2Fmain"],
    ["/v1/models/openclaw%2Fmain", "/v1/models/openclaw%2Fmain"],
    ["/", "/"],
    ["/?session=x", "/"],
    ["/chat", "/"],
    ["/chat/main", "/"],
    ["/chat/agent%3Amain%3Amain", "/"],
    ["/settings/device/permissions", "/"],
    ["/assets/index-B5fnhNH8.js", "/assets/index-B5fnhNH8.js"],
    ["/fonts/geist.css?v=1", "/fonts/geist.css?v=1"],
    ["/fonts/geist.css?v=a%26b%3Dc&d=e", "/fonts/geist.css?v=a%26b%3Dc"],
    ["/community-art/reef.webp", "/community-art/reef.webp"],
    ["/file-icons/large/ts.svg", "/file-icons/large/ts.svg"],
    ["/favicon.svg", "/favicon.svg"],
    ["/favicon.ico", "/favicon.ico"],
    ["/favicon-32.png", "/favicon-32.png"],
    ["/apple-touch-icon.png", "/apple-touch-icon.png"],
    ["/manifest.webmanifest", "/manifest.webmanifest"],
    ["/sw.js?v=2026.9.6", "/sw.js?v=2026.9.6"],
    ["/control-ui-config.json", "/control-ui-config.json"],
    ["/api/users/ada_1/avatar?v=3&x=1", "/api/users/ada_1/avatar?v=3"],
    ["/avatar/main?meta=1", "/avatar/main?meta=1"],
    [
      "/__openclaw__/assistant-media?source=%2Fa%26b&x=1&sessionKey=agent:main:main",
      "/__openclaw__/assistant-media?source=%2Fa%26b&sessionKey=agent%3Amain%3Amain",
    ],
    ["/__openclaw__/channel-avatar/agent:main:main", "/__openclaw__/channel-avatar/agent%3Amain%3Amain"],
    ["/__openclaw__/plugin-theme-art/a/b/c/d.svg", "/__openclaw__/plugin-theme-art/a/b/c/d.svg"],
    [
      "/api/chat/media/outgoing/agent%3Amain%3Amain/0-1/full",
      "/api/chat/media/outgoing/agent%3Amain%3Amain/0-1/full",
    ],
    ["/api/artifacts/download/conn-1/a_b-c", "/api/artifacts/download/conn-1/a_b-c"],
  ])("%s as %s", async (path, target) => {
    const answer = await gateway.fetch(path);
    expect(answer.status).toBe(200);
    expect(gateway.openclaw.requests.map(({ url }) => url)).toEqual([target]);
  });

  it("HEAD, without a body", async () => {
    const answer = await gateway.fetch("/v1/models", { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });
});

describe("what does not, and never reaches OpenClaw", () => {
  it.each([
    ...[
      "/tools/invoke",
      "/hooks/wake",
      "/api/v1/admin/rpc",
      "/api/channels/telegram",
      "/api/users/ada",
      "/metrics",
    ],
    ...[
      "/__openclaw__/a2ui",
      "/__openclaw__/board/x",
      "/__openclaw__/cap/x",
      "/__openclaw__/worker",
      "/__openclaw__/media/x",
      "/__openclaw__/assistant-media/x",
      "/__openclaw__/plugin-theme-art/a/b/c",
      "/media/inbound/x",
      "/api/artifacts/download/a/b/c",
      "/avatar/.env",
      "/__openclaw__/canvas/x",
      "/j/x",
      "/share/session",
      "/approve/x",
      "/mcp",
      "/ui",
      "/readyz",
    ],
    ...[
      "/v1",
      "/v1/",
      "/v1/models/",
      "/v1/models/gpt-4",
      "/v1/models/openclaw/a/b",
      "/v1/responses",
      "/v1/embeddings",
    ],
    ...[
      "/V1/models",
      "/v1/Models",
      "/chatx",
      "/assets",
      "/assets/",
      "/assets/a/b.js",
      "/assets/.env",
      "/api/users/a/b/avatar",
    ],
    ...["/control-ui-config.json/", "/index.html", "/nowhere", "/assets/a%20b.js"],
  ])("%s", async (path) => {
    const answer = await gateway.fetch(path);
    expect([answer.status, await codeOf(answer)]).toEqual([404, "NOT_FOUND"]);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it.each([
    ["POST", "/v1/models", "GET, HEAD"],
    ["GET", "/v1/chat/completions", "POST"],
    ["DELETE", "/v1/chat/completions", "POST"],
    ["POST", "/", "GET, HEAD"],
    ["PUT", "/control-ui-config.json", "GET, HEAD"],
    ["POST", "/health", "GET, HEAD"],
    ["POST", "/__openclaw__/assistant-media", "GET, HEAD"],
    ["DELETE", "/api/users/ada/avatar", "GET, HEAD"],
  ])("%s %s, which takes only %s", async (method, path, allow) => {
    const answer = await gateway.fetch(path, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
    expect(await codeOf(answer)).toBe("METHOD_NOT_ALLOWED");
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it.each(["/a%2fb", "/a%5cb", "/a%00", "/v1%2Fmodels", "/v1/models;x", "/x%252e"])(
    "%s, refused as it is written",
    async (path) => {
      const answer = await gateway.fetch(path);
      expect([answer.status, await codeOf(answer)]).toEqual([400, "URL_REFUSED"]);
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );

  it("a secret in the query", async () => {
    const answer = await gateway.fetch("/?token=secret-of-someone");
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain("SECRET_IN_URL");
    expect(text).not.toContain("secret-of-someone");
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it.each([undefined, "text/plain", "application/x-www-form-urlencoded", "text/plain; application/json"])(
    "a chat whose body is declared as %s",
    async (type) => {
      const headers = type ? { "content-type": type } : {};
      const body = new TextEncoder().encode("{}");
      const answer = await gateway.fetch("/v1/chat/completions", { method: "POST", headers, body });
      expect([answer.status, await codeOf(answer)]).toEqual([415, "JSON_REQUIRED"]);
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );
});

describe("a role", () => {
  const as = async (email: string, path: string, init: object = {}) =>
    gateway.fetch(path, { token: await gateway.team.person({ email }), ...init });

  it.each(["/", "/chat/main", "/assets/a.js", "/control-ui-config.json", "/avatar/main", "/sw.js"])(
    "that is no owner's does not open %s of the Control UI, whose browser holds the owner's key",
    async (path) => {
      for (const email of ["mel@example.com", "gus@guests.example"]) {
        const answer = await as(email, path);
        expect([answer.status, await codeOf(answer)]).toEqual([403, "ROLE_REFUSED"]);
      }
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );

  it("of guests chats, and no more", async () => {
    for (const path of ["/v1/models", "/favicon.svg", "/ready", "/health", "/chat.html"])
      expect([path, (await as("gus@guests.example", path)).status]).toEqual([path, 200]);
  });

  it("with agents of its own sees their models alone", async () => {
    const data = ["openclaw", "openclaw/default", "openclaw/main", "openclaw/web", "gpt-4"].map((id) => ({
      id,
    }));
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data }));
    });
    const list = await as("gus@guests.example", "/v1/models");
    expect(await list.json()).toEqual({ object: "list", data: [{ id: "openclaw/web" }] });
    expect(await (await gateway.fetch("/v1/models")).json()).toEqual({ data });
    expect((await as("gus@guests.example", "/v1/models/openclaw/web")).status).toBe(200);
    gateway.openclaw.requests.length = 0;
    for (const model of ["openclaw", "openclaw/main", "openclaw%2Fdefault"]) {
      const answer = await as("gus@guests.example", `/v1/models/${model}`);
      expect([answer.status, await codeOf(answer)]).toEqual([403, "MODEL_REFUSED"]);
    }
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

describe("what the Worker answers by itself", () => {
  it("/health", async () => {
    const answer = await gateway.fetch("/health");
    expect(await answer.json()).toEqual({ status: "ok" });
  });

  it.each([
    ["/app", "/"],
    ["/app/", "/"],
    ["/app/chat?session=main&x=%2F", "/?session=main&x=%2F"],
    ["/app/?//evil.example", "/?//evil.example"],
  ])("%s leads to %s", async (path, location) => {
    const answer = await gateway.fetch(path);
    expect([answer.status, answer.headers.get("location")]).toEqual([302, location]);
  });

  it.each([
    ["/chat.html", "text/html"],
    ["/chat.css", "text/css"],
    ["/chat.js", "text/javascript"],
  ])("%s, with a strict policy", async (path, type) => {
    const answer = await gateway.fetch(path);
    expect(answer.headers.get("content-type")).toBe(`${type}; charset=utf-8`);
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'; /);
    expect(answer.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it("the chat page, whose policy names its own two files alone, anew each time", async () => {
    const [first, second] = await Promise.all([gateway.fetch("/chat.html"), gateway.fetch("/chat.html")]);
    const nonce = /script-src 'nonce-([-0-9a-f]{36})'; style-src 'nonce-\1'/;
    const [, one] = nonce.exec(first.headers.get("content-security-policy") ?? "") ?? [];
    const [, other] = nonce.exec(second.headers.get("content-security-policy") ?? "") ?? [];
    expect(one).not.toBe(other);
    expect((await first.text()).split(`nonce="${one}"`)).toHaveLength(3);
  });

  it("the chat page, which says whose it is, whatever characters an address has", async () => {
    const token = await gateway.team.person({ email: `"><script>&'@guests.example` });
    const html = await (await gateway.fetch("/chat.html", { token })).text();
    expect(html).toContain('content="person:&#34;&#62;&#60;script&#62;&#38;&#39;@guests.example"');
  });

  it("http leads to https, and is refused where something was sent", async () => {
    const origin = "http://claw.example.com";
    const page = await gateway.fetch("/chat?x=1", { origin, token: null });
    expect([page.status, page.headers.get("location")]).toEqual([308, "https://claw.example.com/chat?x=1"]);
    const post = await gateway.fetch("/v1/chat/completions", { origin, method: "POST", body: "{}" });
    expect([post.status, await codeOf(post)]).toEqual([403, "HTTPS_REQUIRED"]);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

describe("a browser led by another site", () => {
  const cross = { "sec-fetch-site": "cross-site" };
  it.each<[string, string, string, Record<string, string>]>([
    ["a script of another site", "GET", "/v1/models", { ...cross, "sec-fetch-mode": "cors" }],
    [
      "a script of a sibling Worker",
      "GET",
      "/v1/models",
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
    ],
    ["an image of another site", "GET", "/api/users/a/avatar", { ...cross, "sec-fetch-mode": "no-cors" }],
    ["a frame", "GET", "/", { ...cross, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }],
    [
      "a form",
      "POST",
      "/v1/chat/completions",
      { ...cross, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
    ],
    ["a foreign Origin alone", "GET", "/v1/models", { origin: "https://evil.example" }],
    ["an opaque Origin", "GET", "/v1/models", { origin: "null" }],
  ])("%s is refused", async (_name, method, path, headers) => {
    const answer = await gateway.fetch(path, { method, headers });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("CROSS_SITE_REFUSED");
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it("a link opens a page, and the gateway's own pages may ask", async () => {
    const link = { ...cross, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", cookie: TOLD };
    expect((await gateway.fetch("/", { headers: link })).status).toBe(200);
    expect(gateway.openclaw.requests).toHaveLength(1);
    const own = {
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "cors",
      origin: "https://claw.example.com",
    };
    expect((await gateway.fetch("/v1/models", { headers: own })).status).toBe(200);
  });
});
