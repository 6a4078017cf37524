import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { auditOf } from "../testing/log.ts";
import { askRaw } from "../testing/raw.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { ACCESS_COOKIE: "true" } });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const FROM_OWN_PAGE = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };
const FROM_ADDRESS_BAR = {
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};
const FROM_LINK = { ...FROM_ADDRESS_BAR, "sec-fetch-site": "cross-site" };

interface Asked {
  readonly cookie?: string;
  /** The header; none unless one is given. */
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

async function outcome({ cookie, token, headers, method = "GET" }: Asked): Promise<string> {
  const answer = await gateway.fetch("/health", {
    method,
    token: token ?? null,
    headers: { accept: "application/json", ...headers, ...(cookie ? { cookie } : {}) },
  });
  const text = await answer.text();
  return answer.status === 200 ? "reached" : (/[A-Z]+(_[A-Z]+)+/.exec(text)?.[0] ?? text);
}

const cookieOf = async (...tokens: Promise<string>[]) =>
  (await Promise.all(tokens)).map((token) => `CF_Authorization=${token}`).join("; ");
const mine = () => cookieOf(gateway.team.person());

describe("the cookie is enough where the config says so", () => {
  it.each([
    ["in what an own page asks for", FROM_OWN_PAGE],
    ["in what an own page sends, with its Origin", { ...FROM_OWN_PAGE, origin: ORIGIN }],
    ["in what a person opens by address bar or bookmark", FROM_ADDRESS_BAR],
    ["with this Origin alone, as Chromium opens a WebSocket", { origin: ORIGIN }],
  ])("%s", async (_name, headers) => {
    expect(await outcome({ cookie: await mine(), headers })).toBe("reached");
  });

  it("among others", async () => {
    const cookie = `a=b; ${await mine()}; CF_AppSession=c; x-CF_Authorization=d`;
    expect(await outcome({ cookie, headers: FROM_OWN_PAGE })).toBe("reached");
  });
});

describe("the cookie is not enough", () => {
  it.each([
    ["from a Worker of the same account", { ...FROM_OWN_PAGE, "sec-fetch-site": "same-site" }],
    ["from a link on another site, or after the login page", FROM_LINK],
    ["from a link of a Worker of the same account", { ...FROM_LINK, "sec-fetch-site": "same-site" }],
    ["from a program, which tells nothing", {}],
    ["in a script's request that claims to be nobody's", { ...FROM_OWN_PAGE, "sec-fetch-site": "none" }],
    ["with another Origin", { ...FROM_OWN_PAGE, origin: "https://evil.example" }],
    ["with the Origin of a sibling", { ...FROM_OWN_PAGE, origin: "https://evil.example.com" }],
    ["with another Origin alone", { origin: "https://evil.example" }],
    ["with the Origin null", { ...FROM_OWN_PAGE, origin: "null" }],
    ["with this Origin over http", { ...FROM_OWN_PAGE, origin: ORIGIN.replace("https", "http") }],
  ])("%s", async (_name, headers) => {
    const cookie = await mine();
    expect(await outcome({ cookie, headers })).toMatch(/^(ACCESS_TOKEN_MISSING|CROSS_SITE_REFUSED)$/);
    expect(await outcome({ token: await gateway.team.person() })).toBe("reached"); // as itself it is good
  });

  it("when it comes twice, as when a sibling has set one too", async () => {
    const other = gateway.team.person({ email: "eve@guests.example" });
    for (const cookie of [
      await cookieOf(gateway.team.person(), other),
      await cookieOf(other, gateway.team.person()),
      `${await mine()}; CF_Authorization=`,
      `CF_Authorization=; ${await mine()}`,
    ]) {
      expect(await outcome({ cookie, headers: FROM_OWN_PAGE })).toBe("ACCESS_TOKEN_INVALID");
    }
  });

  it.each<[string, () => string | Promise<string>]>([
    ["a bad header", () => "x.y.z"],
    ["an expired header", () => gateway.team.person({ exp: 1 })],
    ["a header of another application", () => gateway.team.person({ aud: ["b".repeat(64)] })],
  ])("beside %s", async (_name, token) => {
    const code = await outcome({ cookie: await mine(), token: await token(), headers: FROM_OWN_PAGE });
    expect(code).toMatch(/^ACCESS_TOKEN_/);
  });

  it("beside an empty header", async () => {
    const headers = { ...FROM_OWN_PAGE, cookie: await mine(), "cf-access-jwt-assertion": "" };
    const { status, body } = await askRaw(gateway, "/health", headers);
    expect([status, body.error?.code]).toEqual([401, "ACCESS_TOKEN_MISSING"]);
  });

  it("to be somebody else than the header says", async () => {
    const token = await gateway.team.person({ email: "nobody@example.org" });
    expect(await outcome({ cookie: await mine(), token, headers: FROM_OWN_PAGE })).toBe("ROLE_MISSING");
    const answer = await gateway.fetch("/health", {
      headers: {
        ...FROM_OWN_PAGE,
        cookie: await cookieOf(gateway.team.person({ email: "mel@example.com" })),
      },
    });
    expect(await auditOf(gateway, answer)).toMatchObject({ subject: "person:ada@example.com" });
  });

  it.each([
    ["empty", "CF_Authorization="],
    ["no JWT", "CF_Authorization=x.y.z"],
    ["named in another case", "cf_authorization=x.y.z"],
    ["absent", "a=b"],
  ])("when it is %s", async (_name, cookie) => {
    expect(await outcome({ cookie, headers: FROM_OWN_PAGE })).toMatch(/^ACCESS_TOKEN_/);
  });

  it("when it has expired, or another application's", async () => {
    const expired = await cookieOf(gateway.team.person({ exp: 1 }));
    const others = await cookieOf(gateway.team.person({ aud: ["b".repeat(64)] }));
    expect(await outcome({ cookie: expired, headers: FROM_OWN_PAGE })).toBe("ACCESS_TOKEN_EXPIRED");
    expect(await outcome({ cookie: others, headers: FROM_OWN_PAGE })).toBe("ACCESS_TOKEN_INVALID");
  });
});

describe("without that config", () => {
  it("no cookie counts, wherever it comes from", async () => {
    await using other = await startGateway();
    const cookie = `CF_Authorization=${await other.team.person()}`;
    for (const headers of [FROM_OWN_PAGE, FROM_ADDRESS_BAR, { origin: ORIGIN }]) {
      const answer = await other.fetch("/health", { token: null, headers: { ...headers, cookie } });
      expect(answer.status).toBe(401);
    }
  });
});
