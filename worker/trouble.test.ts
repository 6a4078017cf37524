import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TOLD } from "./key-notice.ts";
import { GATEWAY_TOKEN } from "./testing/bindings.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

const refusal = async (answer: { status: number; json(): Promise<unknown> }) => {
  const { error } = (await answer.json()) as { error: { code: string } };
  return [answer.status, error.code];
};

describe("a VPC service that throws", () => {
  it.each([
    ["ProxyError: destination_unavailable", 502, "TUNNEL_DOWN"],
    ["ProxyError: connection_refused", 502, "OPENCLAW_DOWN"],
    ["ProxyError: connection_terminated", 502, "OPENCLAW_DOWN"],
    ["ProxyError: connection_timeout", 504, "OPENCLAW_TIMEOUT"],
    ["ProxyError: dns_error", 502, "TUNNEL_UNSUITABLE"],
    ["ProxyError: something of tunnel 4711", 502, "OPENCLAW_UNREACHABLE"],
  ])("%s is explained: %d %s", async (vpcError, status, code) => {
    const gateway = await startGateway({ vpcError });
    try {
      const answer = await gateway.fetch("/v1/models");
      const text = await answer.clone().text();
      expect(await refusal(answer)).toEqual([status, code]);
      expect(text).not.toMatch(/ProxyError|4711|\bat |\.js/);
      const headers = { "sec-fetch-mode": "navigate", cookie: TOLD };
      const page = await gateway.fetch("/", { headers });
      expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(await page.text()).toContain(code);
      expect(gateway.log()).toContain(vpcError);
      expect(gateway.log()).not.toContain(GATEWAY_TOKEN);
    } finally {
      await gateway.close();
    }
  });
});

describe("an answer that the client cannot mend", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.close());
  beforeEach(() => gateway.openclaw.reset());

  const answering = (status: number, type: string, body: string) => {
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(status, { "content-type": type, location: "/elsewhere" }).end(body);
    });
  };

  it.each([
    ["Not Found as text: the API is off", 404, "text/plain", "Not Found", "OPENCLAW_API_DISABLED"],
    [
      "401: the gateway's token",
      401,
      "application/json",
      '{"error":{"type":"unauthorized"}}',
      "OPENCLAW_TOKEN_REFUSED",
    ],
    [
      "403: trustedProxies",
      403,
      "application/json",
      '{"error":{"type":"proxy_attribution_required"}}',
      "OPENCLAW_PROXY_REFUSED",
    ],
    ["a redirect", 302, "text/plain", "", "OPENCLAW_UNEXPECTED"],
    ["a page instead of JSON", 200, "text/html", "<html>", "OPENCLAW_UNEXPECTED"],
  ])("%s", async (_name, status, type, body, code) => {
    answering(status, type, body);
    expect(await refusal(await gateway.fetch("/v1/models"))).toEqual([502, code]);
  });

  it("404 in JSON is the API's own", async () => {
    answering(
      404,
      "application/json",
      '{"error":{"message":"Model not found","type":"invalid_request_error"}}',
    );
    const answer = await gateway.fetch("/v1/models/openclaw/nope");
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("Model not found")]);
  });

  it("403 for another reason passes whole", async () => {
    const body = '{"error":{"type":"forbidden","message":"missing scope"}}';
    answering(403, "application/json", body);
    const answer = await gateway.fetch("/v1/models");
    expect([answer.status, await answer.text()]).toEqual([403, body]);
  });

  it("404 for a page stays 404", async () => {
    answering(404, "text/plain", "Not Found");
    expect((await gateway.fetch("/assets/gone-1.js")).status).toBe(404);
  });
});

describe("an error", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.close());

  it("has OpenAI's shape for callers of the API", async () => {
    const answer = await gateway.fetch("/nowhere");
    expect(await answer.json()).toEqual({
      error: {
        message: "There is nothing at this address.",
        type: "invalid_request_error",
        param: null,
        code: "NOT_FOUND",
        request_id: answer.headers.get("x-request-id"),
      },
    });
  });

  it("is a page for a person who navigates, with nothing of the request in it", async () => {
    const headers = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    const answer = await gateway.fetch("/nowhere/<script>alert(1)</script>", { headers });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const text = await answer.text();
    expect(text).toContain("NOT_FOUND");
    expect(text).not.toContain("alert");
  });
});
