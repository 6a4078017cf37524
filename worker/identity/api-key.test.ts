import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GATEWAY_TOKEN } from "../testing/bindings.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";

const CURRENT = "Y3VycmVudCBrZXkgb2YgdGhlIHRlc3QsIDMyIGJ5dGU=";
const PREVIOUS = "cHJldmlvdXMga2V5IG9mIHRoZSB0ZXN0LCAzMiBieXQ=";
const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { WEB_API_KEY: `${sha256(CURRENT)},${sha256(PREVIOUS)}` } });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

async function ask(authorization: string | undefined, token = gateway.team.service()) {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return gateway.fetch("/v1/models", { token: await token, headers });
}
async function outcome(authorization: string | undefined, token?: Promise<string>): Promise<string> {
  const answer = await ask(authorization, token);
  const body = (await answer.json()) as { error?: { code: string } };
  expect(gateway.openclaw.requests.length > 0).toBe(answer.status === 200);
  return answer.status === 200 ? "reached" : `${answer.status} ${body.error?.code}`;
}

describe("a service gets in with", () => {
  it.each([
    ["the current key", `Bearer ${CURRENT}`],
    ["the previous one, while both are alive", `Bearer ${PREVIOUS}`],
    ["a scheme in another case", `bearer ${CURRENT}`],
    ["two spaces", `Bearer  ${CURRENT}`],
  ])("%s, and OpenClaw never sees it", async (_name, authorization) => {
    expect(await outcome(authorization)).toBe("reached");
    const [asked] = gateway.openclaw.requests;
    expect(asked?.headers.authorization).toBe(`Bearer ${GATEWAY_TOKEN}`);
    expect(JSON.stringify(asked?.rawHeaders)).not.toContain(CURRENT);
  });
});

describe("a service is refused with", () => {
  it.each([
    ["no key", undefined, "API_KEY_MISSING"],
    ["another key", "Bearer something-else", "API_KEY_WRONG"],
    ["a part of the key", `Bearer ${CURRENT.slice(0, -1)}`, "API_KEY_WRONG"],
    ["more than the key", `Bearer ${CURRENT}x`, "API_KEY_WRONG"],
    ["the key in another case", `Bearer ${CURRENT.toLowerCase()}`, "API_KEY_WRONG"],
    ["the key's hash", `Bearer ${sha256(CURRENT)}`, "API_KEY_WRONG"],
    ["both keys", `Bearer ${CURRENT}, Bearer ${PREVIOUS}`, "API_KEY_MISSING"],
    ["the key alone", CURRENT, "API_KEY_MISSING"],
    ["another scheme", `Basic ${btoa(`x:${CURRENT}`)}`, "API_KEY_MISSING"],
    ["nothing after the scheme", "Bearer", "API_KEY_MISSING"],
    ["OpenClaw's own token", `Bearer ${GATEWAY_TOKEN}`, "API_KEY_WRONG"],
  ])("%s", async (_name, authorization, code) => {
    expect(await outcome(authorization)).toBe(`401 ${code}`);
  });

  it("the key in the query or in another header", async () => {
    const token = await gateway.team.service();
    const inQuery = await gateway.fetch(`/v1/models?api_key=${CURRENT}`, { token });
    const inHeader = await gateway.fetch("/v1/models", { token, headers: { "x-api-key": CURRENT } });
    expect([inQuery.status, inHeader.status].every((status) => status >= 400)).toBe(true);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it("a refusal that says what is wanted, and tells nothing of the key", async () => {
    const answer = await ask("Bearer something-else");
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="API key"/);
    expect(await answer.text()).not.toMatch(/something-else|[0-9a-f]{64}/);
  });

  it("nothing at any address: the key is asked for before what is there", async () => {
    for (const path of ["/", "/health", "/chat.html", "/nowhere", "/tools/invoke"]) {
      const answer = await gateway.fetch(path, { token: await gateway.team.service() });
      expect([path, answer.status]).toEqual([path, 401]);
    }
  });
});

describe("the key is not enough", () => {
  it("without a token of Access, and with a bad one", async () => {
    const headers = { authorization: `Bearer ${CURRENT}` };
    expect((await gateway.fetch("/v1/models", { token: null, headers })).status).toBe(401);
    expect((await gateway.fetch("/v1/models", { token: "x.y.z", headers })).status).toBe(401);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

describe("a person", () => {
  it.each([
    ["needs no key", undefined],
    ["may send OpenClaw's token, as the Control UI does", `Bearer ${GATEWAY_TOKEN}`],
    ["may send what an SDK sends", "Bearer not-used"],
  ])("%s, and OpenClaw sees only the gateway's", async (_name, authorization) => {
    expect(await outcome(authorization, gateway.team.person())).toBe("reached");
    expect(gateway.openclaw.requests[0]?.headers.authorization).toBe(`Bearer ${GATEWAY_TOKEN}`);
  });
});

describe("where no key is configured", () => {
  it("a service needs none, and one that it sends goes no further", async () => {
    await using other = await startGateway();
    const headers = { authorization: `Bearer ${CURRENT}` };
    const token = await other.team.service();
    expect((await other.fetch("/v1/models", { token })).status).toBe(200);
    expect((await other.fetch("/v1/models", { token, headers })).status).toBe(200);
    for (const { headers: sent } of other.openclaw.requests) {
      expect(sent.authorization).toBe(`Bearer ${GATEWAY_TOKEN}`);
    }
  });
});
