import { afterEach, beforeEach, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../testing/gateway.ts";

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway?.close());

const statusWith = async (token: string) => (await gateway.fetch("/health", { token })).status;

it("many requests need one fetch of the keys", async () => {
  for (let i = 0; i < 20; i += 1) expect(await statusWith(await gateway.team.person())).toBe(200);
  expect(gateway.team.fetches()).toBe(1);
});

it("a flood of unknown kids does not become a flood of fetches", async () => {
  for (let i = 0; i < 20; i += 1) {
    expect(await statusWith(await gateway.team.person({}, { kid: `made-up-${i}` }))).toBe(401);
  }
  expect(gateway.team.fetches()).toBe(1);
});

it("what is no RS256 token never leads to a fetch", async () => {
  expect(await statusWith("x.y.z")).toBe(401);
  expect(await statusWith(`${btoa('{"alg":"none","kid":"key-0"}')}.e30.`)).toBe(401);
  expect(gateway.team.fetches()).toBe(0);
});

it("a token that names no key is refused without a fetch, even where there is only one key", async () => {
  expect(await statusWith(await gateway.team.person({}, { kid: undefined }))).toBe(401);
  expect(gateway.team.fetches()).toBe(0);
});

it.each([
  ["an error", () => new Response("down", { status: 500 })],
  ["no JSON", () => new Response("<html>")],
  ["JSON that holds no keys", () => Response.json({})],
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }),
  ],
])(
  "while the certs endpoint answers with %s, nobody is let in, and it mends itself",
  async (_name, answer) => {
    gateway.team.answerWith(answer);
    const token = await gateway.team.person();
    const refusal = await gateway.fetch("/health", { token });
    expect(refusal.status).toBe(503);
    expect(await refusal.json()).toMatchObject({ error: { code: "ACCESS_KEYS_UNAVAILABLE" } });
    gateway.team.answerWith(undefined);
    expect(await statusWith(token)).toBe(200);
  },
);
