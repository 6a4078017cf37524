import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorAnswer } from "./error-answer.ts";
import { ERRORS, type ErrorCode, GatewayError } from "./errors.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

const URL_ = "https://claw.example.com/nowhere";
const codes = Object.keys(ERRORS) as ErrorCode[];
const page = new Request(URL_, { headers: { accept: "text/html,*/*" } });
const navigation = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

describe("every error", () => {
  it.each(codes)("%s has OpenAI's shape for programs and a page with its code for browsers", async (code) => {
    const error = new GatewayError(code);
    const json = errorAnswer(error, new Request(URL_), "req_1");
    expect([json.status, json.headers.get("content-type")]).toEqual([ERRORS[code][0], "application/json"]);
    expect(await json.json()).toEqual({
      error: {
        message: ERRORS[code][1],
        type: expect.stringMatching(/_error$/),
        param: null,
        code,
        request_id: "req_1",
      },
    });
    const html = errorAnswer(error, page, "req_1");
    expect([html.status, html.headers.get("content-type")]).toEqual([
      json.status,
      "text/html; charset=utf-8",
    ]);
    const text = await html.text();
    expect(text).toContain(`<code>${code}</code>`);
    expect(text).toContain("req_1");
    expect(text).not.toMatch(/<script|\son\w+=|https?:|style=|undefined/);
  });

  it.each(codes.filter((code) => ERRORS[code][0] === 401))("%s names what it wants", (code) => {
    for (const request of [page, new Request(URL_)]) {
      const challenge = errorAnswer(new GatewayError(code), request, "r").headers.get("www-authenticate");
      expect(challenge).toMatch(/^Bearer realm="[^"]+"(, error="invalid_token")?$/);
    }
  });

  it.each(codes.filter((code) => ERRORS[code][0] !== 401))("%s wants no sign-in", (code) => {
    const answer = errorAnswer(new GatewayError(code), page, "r");
    expect(answer.headers.get("www-authenticate")).toBeNull();
  });
});

describe("an error's page", () => {
  it("escapes whatever stands in it", async () => {
    const text = await errorAnswer(
      new GatewayError("NOT_FOUND"),
      page,
      `"><script>alert('&')</script>`,
    ).text();
    expect(text).toContain("&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#39;)&#60;/script&#62;");
    expect(text).not.toContain("<script");
  });

  it("allows its own style by a nonce that is never the same, and nothing else", async () => {
    const policies = [1, 2].map(() =>
      errorAnswer(new GatewayError("NOT_FOUND"), page, "r").headers.get("content-security-policy"),
    );
    expect(policies[0]).toMatch(
      /^default-src 'none'; style-src 'nonce-[0-9a-f-]{36}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(policies[0]).not.toBe(policies[1]);
  });
});

describe("at the gateway", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.close());

  it.each([
    ["GET", navigation, "text/html; charset=utf-8"],
    ["GET", { ...navigation, "sec-fetch-mode": "cors", accept: "text/html" }, "application/json"],
    ["GET", { accept: "*/*" }, "application/json"],
    ["POST", { accept: "text/html" }, "application/json"],
  ] as const)("%s with %j is answered as %s", async (method, headers, type) => {
    const answer = await gateway.fetch("/nowhere", { method, headers });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, type]);
  });

  it.each([
    ["/nowhere", {}, 404],
    ["/nowhere", navigation, 404],
    ["/v1/chat/completions", {}, 405],
    ["/v1//models", {}, 400],
  ] as const)("HEAD %s with %j has the status and no body", async (path, headers, status) => {
    const answer = await gateway.fetch(path, { method: "HEAD", headers });
    expect([answer.status, await answer.text()]).toEqual([status, ""]);
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
  });

  it("405 says which methods there are", async () => {
    const answer = await gateway.fetch("/v1/models", { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")?.split(", ")]).toEqual([
      405,
      expect.arrayContaining(["GET"]),
    ]);
  });

  it("what is said before authentication tells nothing of tunnel, version or stack", async () => {
    const told = await Promise.all(
      ["/v1/models", "/nowhere", "/ready", "/v1//x", "/?token=a", "/v1/tools"].map(async (path) => {
        const answer = await gateway.fetch(path, { token: null });
        return [...answer.headers].join("\n") + (await answer.text());
      }),
    );
    for (const text of told)
      expect(text).not.toMatch(/tunnel|openclaw|hono|workerd|cloudflared|\btest\b|\d\.\d+\.\d/i);
  });
});
