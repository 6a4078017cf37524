import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { now } from "../testing/access.ts";
import { startGateway, type TestGateway, WATCH_HEADER } from "../testing/gateway.ts";
import { sendRaw } from "../testing/raw.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway?.close());

const statusWith = async (token: string) => (await gateway.fetch("/health", { token })).status;
/** Outlives every test, wherever its clock goes. */
const lastingToken = () => gateway.team.person({ exp: now() + 7 * 24 * 3600 });

/** Lets the certs endpoint answer only when it is told to. */
function holdCerts() {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  gateway.team.answerWith(async (keys) => {
    asked.resolve();
    await release.promise;
    return keys();
  });
  return { asked: asked.promise, release: release.resolve };
}

const breakCerts = () => gateway.team.answerWith(() => new Response("down", { status: 500 }));

describe("the keys are fetched once", () => {
  it("for many requests, one after the other", async () => {
    for (let i = 0; i < 20; i += 1) expect(await statusWith(await gateway.team.person())).toBe(200);
    expect(gateway.team.fetches()).toBe(1);
  });

  it("for a hundred requests at once, and each goes on with its own body", async () => {
    const certs = holdCerts();
    gateway.openclaw.answer((incoming, outgoing) => {
      outgoing.setHeader("content-type", "application/json");
      incoming.pipe(outgoing);
    });
    const bodies = Array.from({ length: 100 }, (_, index) =>
      JSON.stringify({ model: "openclaw", user: `${index}` }),
    );
    const answers = bodies.map(async (body) => {
      const headers = { "content-type": "application/json" };
      const token = await gateway.team.person();
      return gateway.fetch("/v1/chat/completions", { method: "POST", headers, body, token });
    });
    await certs.asked;
    certs.release();
    const users = await Promise.all(
      answers.map(async (answer) => JSON.parse(await (await answer).text()).user),
    );
    expect(new Set(users).size).toBe(100);
    expect(gateway.team.fetches()).toBe(1);
  });

  it("though the client for which they are fetched goes away", async () => {
    const certs = holdCerts();
    const headers = { "cf-access-jwt-assertion": await gateway.team.person(), [WATCH_HEADER]: "yes" };
    const first = sendRaw(gateway, "/health", headers).on("error", () => undefined);
    await certs.asked;
    const others = Array.from({ length: 5 }, async () => statusWith(await gateway.team.person()));
    first.socket?.resetAndDestroy(); // workerd notices a mere FIN only when it writes
    await vi.waitFor(() => expect(gateway.log()).toContain("a client has gone"), { timeout: 5000 });
    certs.release();
    expect(await Promise.all(others)).toEqual([200, 200, 200, 200, 200]);
    expect(gateway.team.fetches()).toBe(1);
  });
});

describe("what is no token of this team", () => {
  it("does not become a flood of fetches by made-up kids", async () => {
    for (let i = 0; i < 20; i += 1) {
      expect(await statusWith(await gateway.team.person({}, { kid: `made-up-${i}` }))).toBe(401);
    }
    expect(gateway.team.fetches()).toBe(2); // the first, and one because a key is unknown
    gateway.advance(31_000);
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        expect(await statusWith(await gateway.team.person({}, { kid: `again-${i}` }))).toBe(401),
      ),
    );
    expect(gateway.team.fetches()).toBe(3);
  });

  it("never leads to a fetch without RS256", async () => {
    expect(await statusWith("x.y.z")).toBe(401);
    expect(await statusWith(`${btoa('{"alg":"none","kid":"key-0"}')}.e30.`)).toBe(401);
    expect(gateway.team.fetches()).toBe(0);
  });

  it("is refused without a fetch when it names no key, even where there is only one", async () => {
    expect(await statusWith(await gateway.team.person({}, { kid: undefined }))).toBe(401);
    expect(gateway.team.fetches()).toBe(0);
  });
});

describe("when Access rotates its keys", () => {
  it("tokens of the new key are good at once, all of them, and those of the old one still", async () => {
    const before = await gateway.team.person();
    expect(await statusWith(before)).toBe(200);
    await gateway.team.rotate();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => statusWith(await gateway.team.person())),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await statusWith(before)).toBe(200);
    expect(gateway.team.fetches()).toBe(2);
  });

  it("a withdrawn key is refused as soon as that is known, for tokens seen before too", async () => {
    const before = await lastingToken();
    expect(await statusWith(before)).toBe(200);
    await gateway.team.rotate();
    gateway.team.withdrawOld();
    expect(await statusWith(before)).toBe(200);
    gateway.advance(11 * MINUTE);
    expect(await statusWith(before)).toBe(200); // and fetches the keys behind the request
    await vi.waitFor(async () => expect(await statusWith(before)).toBe(401));
  });

  it("an isolate that has slept for long asks before it trusts", async () => {
    const before = await lastingToken();
    expect(await statusWith(before)).toBe(200);
    await gateway.team.rotate();
    gateway.team.withdrawOld();
    gateway.advance(HOUR);
    expect(await statusWith(before)).toBe(401);
  });
});

describe("when the keys get old", () => {
  it("they are fetched anew while requests go on", async () => {
    expect(await statusWith(await lastingToken())).toBe(200);
    const certs = holdCerts();
    gateway.advance(11 * MINUTE);
    for (let i = 0; i < 5; i += 1) expect(await statusWith(await lastingToken())).toBe(200);
    await certs.asked;
    expect(gateway.team.fetches()).toBe(2);
    certs.release();
  });

  it("and the endpoint fails, they are good for a day and no longer, and it is not asked all the time", async () => {
    const token = await lastingToken();
    expect(await statusWith(token)).toBe(200);
    breakCerts();
    gateway.advance(2 * HOUR);
    for (let i = 0; i < 10; i += 1) expect(await statusWith(token)).toBe(200);
    expect(gateway.team.fetches()).toBe(2);
    gateway.advance(21 * HOUR);
    expect(await statusWith(await lastingToken())).toBe(200);
    gateway.advance(HOUR);
    expect(await statusWith(token)).toBe(503);
    gateway.team.answerWith(undefined);
    gateway.advance(2000);
    expect(await statusWith(token)).toBe(200);
  });
});

describe("nobody is let in, and it mends itself, while the certs endpoint answers with", () => {
  const key = { kid: "key-0", kty: "RSA", alg: "RS256", use: "sig", e: "AQAB", n: "AQAB" };
  it.each<[string, () => Response]>([
    ["an error", () => new Response("down", { status: 500 })],
    ["no JSON", () => new Response("<html>")],
    ["JSON that holds no keys", () => Response.json({})],
    ["null", () => Response.json(null)],
    ["keys that are no list", () => Response.json({ keys: { 0: key } })],
    ["a key for something else", () => Response.json({ keys: [{ ...key, use: "enc" }] })],
    ["a key of another kind", () => Response.json({ keys: [null, { ...key, kty: "oct", k: "AQAB" }] })],
    ["a key for another algorithm", () => Response.json({ keys: [{ ...key, alg: "RS512" }] })],
    ["more than any set of keys has", () => new Response(" ".repeat(100_000))],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }),
    ],
  ])("%s", async (_name, answer) => {
    gateway.team.answerWith(answer);
    const token = await gateway.team.person();
    const refusal = await gateway.fetch("/health", { token });
    expect(refusal.status).toBe(503);
    expect(await refusal.json()).toMatchObject({ error: { code: "ACCESS_KEYS_UNAVAILABLE" } });
    gateway.team.answerWith(undefined);
    gateway.advance(1001);
    expect(await statusWith(token)).toBe(200);
  });

  it("nothing at all", async () => {
    const certs = holdCerts();
    const refusals = Array.from({ length: 3 }, async () => statusWith(await gateway.team.person()));
    expect(await Promise.all(refusals)).toEqual([503, 503, 503]);
    certs.release();
  });
});
