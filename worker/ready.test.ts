import { describe, expect, it } from "vitest";
import { CLIENT_ADDRESS, startGateway, type TestGatewayOptions } from "./testing/gateway.ts";

async function ready(
  options: TestGatewayOptions,
  [status, type]: [number, string] = [200, "application/json"],
) {
  await using teardown = new AsyncDisposableStack();
  const gateway = await startGateway(options);
  teardown.defer(() => gateway.close());
  gateway.openclaw.answer((_request, response) => {
    response.writeHead(status, { "content-type": type }).end('{"ready":true,"failing":["a secret"]}');
  });
  const unknown = await gateway.fetch("/ready", { token: null });
  expect(unknown.status).toBe(401);
  expect(gateway.openclaw.requests).toHaveLength(0);
  const answer = await gateway.fetch("/ready");
  const [asked] = gateway.openclaw.requests;
  return { answer: [answer.status, await answer.json()], asked };
}

describe("/ready", () => {
  it("asks OpenClaw through the tunnel, as a client from outside and without credentials", async () => {
    const { answer, asked } = await ready({});
    expect(answer).toEqual([200, { status: "ready" }]);
    expect([asked?.url, asked?.headers["x-forwarded-for"]]).toEqual(["/readyz", CLIENT_ADDRESS]);
    expect(asked?.headers).not.toHaveProperty("authorization");
  });

  it.each<[[number, string], string]>([
    [[503, "application/json"], "OPENCLAW_STARTING"],
    [[200, "text/html"], "OPENCLAW_UNEXPECTED"],
    [[404, "application/json"], "OPENCLAW_UNEXPECTED"],
  ])("is 503 where it answers %j: %s", async (response, code) => {
    expect((await ready({}, response)).answer).toEqual([503, { status: "not ready", code }]);
  });

  it.each([
    ["ProxyError: destination_unavailable", "TUNNEL_DOWN"],
    ["ProxyError: connection_refused", "OPENCLAW_DOWN"],
  ])("is 503 where the way fails with %s: %s", async (vpcError, code) => {
    expect((await ready({ vpcError })).answer).toEqual([503, { status: "not ready", code }]);
  });
});
