import { afterEach, describe, expect, it } from "vitest";
import { ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { type Line, linesOf, logged } from "../testing/log.ts";

let gateway: TestGateway;
afterEach(() => gateway?.close());

const start = async (bindings: Record<string, string> = {}) => {
  gateway = await startGateway({ bindings: { ENABLE_AUDIT_LOG: "false", ...bindings } });
};
const now = () => Math.floor(Date.now() / 1000);
const get = async (init: Parameters<TestGateway["fetch"]>[1] = {}, path = "/v1/models") => {
  const answer = await gateway.fetch(path, init);
  await answer.arrayBuffer();
  return answer.headers.get("x-request-id");
};
const eventsOf = () => linesOf(gateway.log()).map(({ event }) => event);
/** Something that is written after all that was written before. */
const last = async () => {
  const requestId = await get({ token: "last.of.all" });
  await logged(gateway, { requestId, event: "sign-in refused" });
};

describe("a refused sign-in", () => {
  it.each<[string, () => Promise<string | null>, Line]>([
    ["that is missing", async () => null, { code: "ACCESS_TOKEN_MISSING" }],
    [
      "for another application",
      () => gateway.team.person({ aud: ["b".repeat(64)] }),
      { code: "ACCESS_TOKEN_INVALID", reason: "ERR_JWT_CLAIM_VALIDATION_FAILED aud" },
    ],
    [
      "of another team",
      () => gateway.team.person({ iss: "https://evil.cloudflareaccess.com" }),
      { code: "ACCESS_TOKEN_INVALID", reason: "ERR_JWT_CLAIM_VALIDATION_FAILED iss" },
    ],
    [
      "that has expired",
      () => gateway.team.person({ exp: now() - 600 }),
      { code: "ACCESS_TOKEN_EXPIRED", reason: "ERR_JWT_EXPIRED exp" },
    ],
    ["that is none", async () => "a.b.c", { code: "ACCESS_TOKEN_INVALID", reason: "ERR_JWS_INVALID" }],
    [
      "of a program of another stack",
      () => gateway.team.service({ common_name: "9999.access" }),
      { code: "ACCESS_TOKEN_INVALID", reason: "not a service of this stack" },
    ],
  ])("%s is told with its reason", async (_what, token, fields) => {
    await start();
    const requestId = await get({ token: await token() });
    const line = await logged(gateway, { requestId, event: "sign-in refused" });
    expect(line).toMatchObject({ level: "warn", subject: "-", ip: "203.0.113.9", ...fields });
  });
});

it("an accepted sign-in is told once for each identity, not for each request", async () => {
  await start();
  for (const _ of [1, 2, 3]) await get();
  const service = await gateway.team.service();
  for (const _ of [1, 2]) await get({ token: service });
  await last();
  const accepted = linesOf(gateway.log()).filter(({ event }) => event === "sign-in accepted");
  expect(accepted.map(({ subject, level }) => [subject, level])).toEqual([
    ["person:ada@example.com", "info"],
    ["service:cli", "info"],
  ]);
});

it("somebody without a role is told by nothing that a token claims", async () => {
  await start();
  const requestId = await get({ token: await gateway.team.person({ email: "eve@evil.example" }) });
  const line = await logged(gateway, { requestId, event: "role refused" });
  expect(line).toMatchObject({ code: "ROLE_MISSING", subject: "-" });
});

it.each<[string, () => Parameters<typeof get>, string]>([
  ["a page of another site", () => [{ headers: { origin: "https://evil.example" } }], "CROSS_SITE_REFUSED"],
  ["a secret in a URL", () => [{}, "/?token=abc"], "SECRET_IN_URL"],
  ["a URL with two meanings", () => [{}, "/v1//models"], "URL_REFUSED"],
])("%s is a refused request", async (_what, call, code) => {
  await start();
  const requestId = await get(...call());
  expect(await logged(gateway, { requestId, event: "request refused" })).toMatchObject({ code });
});

describe("what is odd", () => {
  it("many refusals of one network are told once", async () => {
    await start();
    const host = (n: number) => ({ token: null, headers: { "cf-connecting-ip": `2001:db8:1:2::${n}` } });
    for (let n = 1; n <= 25; n += 1) await get(host(n));
    const line = await logged(gateway, { event: "many refusals" });
    expect(line).toMatchObject({ level: "warn", ip: "2001:db8:1:2::20" });
    expect(eventsOf().filter((event) => event === "many refusals")).toHaveLength(1);
  });

  it("a program's service token in a browser is told once, and none from a program", async () => {
    await start();
    const token = await gateway.team.service();
    await get({ token });
    await get({ token, headers: { origin: ORIGIN, "sec-fetch-site": "same-origin" } });
    await get({ token, headers: { origin: ORIGIN } });
    await last();
    expect(eventsOf().filter((event) => event === "service token in a browser")).toHaveLength(1);
  });

  it("but not in the pages of an origin that the config allows", async () => {
    await start({ CORS_ORIGINS: "https://app.example" });
    const headers = { origin: "https://app.example", "sec-fetch-site": "cross-site" };
    await get({ token: await gateway.team.service(), headers });
    await last();
    expect(eventsOf()).toEqual(["sign-in accepted", "sign-in refused"]);
  });

  it("a person who is in another country than before", async () => {
    await start();
    const from = (country: string) => get({ cf: { country } as never });
    await from("DE");
    await from("DE");
    const requestId = await from("FR");
    expect(await logged(gateway, { event: "country changed" })).toMatchObject({
      requestId,
      subject: "person:ada@example.com",
      country: "FR",
    });
  });
});

it("a flood of refusals fills no log: so many a minute are written, the rest is counted", async () => {
  await start({ ENABLE_AUDIT_LOG: "true" });
  const flood = Array.from({ length: 200 }, () => get({ token: null }));
  await Promise.all(flood);
  await get(); // whoever is signed in is still written down
  await logged(gateway, { event: "request", subject: "person:ada@example.com" });
  const refused = linesOf(gateway.log()).filter(({ subject }) => subject === "-");
  expect(refused.filter(({ event }) => event === "request")).toHaveLength(60);
  expect(refused.length).toBeLessThanOrEqual(2 * 60 + 1);
});

describe("the level", () => {
  it("warn leaves out what is well, and not the audit trail", async () => {
    await start({ LOG_LEVEL: "warn", ENABLE_AUDIT_LOG: "true" });
    await get();
    await last();
    expect(new Set(eventsOf())).toEqual(new Set(["request", "sign-in refused"]));
  });

  it("error leaves failures alone", async () => {
    gateway = await startGateway({
      bindings: { LOG_LEVEL: "error", ENABLE_AUDIT_LOG: "false" },
      vpcError: "ProxyError: destination_unavailable",
    });
    await get({ token: null });
    const requestId = await get();
    const line = await logged(gateway, { event: "failure" });
    expect(line).toMatchObject({ requestId, code: "TUNNEL_DOWN", level: "error" });
    expect(line.detail).toContain("destination_unavailable");
    expect(eventsOf()).toEqual(["failure"]);
  });
});

it("LOG_SECURITY_EVENTS=false writes none", async () => {
  await start({ LOG_SECURITY_EVENTS: "false", ENABLE_AUDIT_LOG: "true" });
  await get({ token: null });
  const requestId = await get();
  await logged(gateway, { requestId, event: "request" });
  expect(new Set(eventsOf())).toEqual(new Set(["request"]));
});
