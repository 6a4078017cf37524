import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

const HTTP = "http://claw.example.com";

describe("forced https", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.close());

  it.each(["/", "/chat?session=a%20b", "/app//evil.example"])("leads a page at %s to https", async (path) => {
    const answer = await gateway.fetch(path, { origin: HTTP, token: null });
    expect([answer.status, answer.headers.get("location")]).toEqual([308, `https://claw.example.com${path}`]);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])(
    "refuses a %s, which has sent all it had already",
    async (method) => {
      const answer = await gateway.fetch("/v1/chat/completions", { origin: HTTP, method, token: null });
      expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("HTTPS_REQUIRED")]);
    },
  );

  it.each(["authorization", "cf-access-client-secret"])(
    "refuses a GET with %s, which a redirect would hide",
    async (name) => {
      const answer = await gateway.fetch("/v1/models", {
        origin: HTTP,
        token: null,
        headers: { [name]: "x" },
      });
      expect(answer.status).toBe(403);
    },
  );

  it("is said on every answer, so that a browser keeps to it", async () => {
    const answers = await Promise.all([
      gateway.fetch("/v1/models"),
      gateway.fetch("/nowhere"),
      gateway.fetch("/chat.html"),
      gateway.fetch("/v1/models", { token: null }),
      gateway.fetch("/v1/models", { method: "OPTIONS" }),
      gateway.fetch("/app/x"),
    ]);
    for (const answer of answers) {
      expect(answer.headers.get("strict-transport-security")).toBe("max-age=31536000");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("x-frame-options")).toBe("DENY");
      expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    }
  });
});

describe("without forced https", () => {
  let gateway: TestGateway;
  afterEach(() => gateway?.close());

  it("http goes through, and no answer speaks of https", async () => {
    gateway = await startGateway({ bindings: { FORCE_HTTPS: "false" } });
    const answer = await gateway.fetch("/v1/models", { origin: HTTP });
    expect([answer.status, answer.headers.get("strict-transport-security")]).toEqual([200, null]);
  });
});

describe("a redirect", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.close());

  it.each([
    "/app/",
    "/app/main",
    "/app//evil.example",
    "/app/%2F%2Fevil.example",
    "/app/\\evil.example",
    "/app/%5Cevil.example",
    "/app/https://evil.example",
    "/app/?next=https://evil.example",
    "/app/?//evil.example",
    "/app/?\\evil.example",
    "/app/;@evil.example",
    "/app/..//evil.example",
    "/app/%0d%0aset-cookie:a=b",
    "/app/?a=%0d%0aset-cookie:a=b",
    "/app/?a=\u560d\u560aset-cookie:a=b",
  ])("from %s stays here", async (path) => {
    const answer = await gateway.fetch(path);
    const location = answer.headers.get("location");
    expect(answer.headers.get("set-cookie")).toBeNull();
    if (answer.status === 400) return;
    expect(answer.status).toBe(302);
    expect(new URL(location ?? "", "https://claw.example.com/app/").origin).toBe("https://claw.example.com");
    expect(location).toMatch(/^\/(\?[!-~]*)?$/);
  });
});
