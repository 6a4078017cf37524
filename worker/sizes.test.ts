import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const statusOf = async (path: string, headers: Record<string, string> = {}, token?: string | null) => {
  const answer = await gateway.fetch(path, { headers, token });
  await answer.arrayBuffer();
  return answer.status;
};

it.each([
  ["a path", `/v1/${"a".repeat(9000)}`],
  ["a query", `/v1/models?x=${"a".repeat(9000)}`],
])("%s that is too long is refused before anybody is asked who they are", async (_what, path) => {
  expect(await statusOf(path, {}, null)).toBe(414);
  expect(gateway.openclaw.requests).toEqual([]);
});

it.each<[string, Record<string, string>]>([
  ["one large header", { "x-anything": "a".repeat(33_000) }],
  ["a large cookie", { cookie: `a=${"b".repeat(33_000)}` }],
  ["many headers", Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`x-${n}`, "a".repeat(900)]))],
])("%s is refused before anybody is asked who they are", async (_what, headers) => {
  expect(await statusOf("/v1/models", headers, null)).toBe(431);
  expect(gateway.openclaw.requests).toEqual([]);
});

it("what a browser with a full jar of cookies sends goes through", async () => {
  const headers = { cookie: `a=${"b".repeat(20_000)}`, "accept-language": "en,de;q=0.9" };
  expect(await statusOf(`/v1/models?x=${"a".repeat(8000)}`, headers)).toBe(200);
});
