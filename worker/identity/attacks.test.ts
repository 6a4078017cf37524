import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { forgeries, personClaims } from "../testing/forgery.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { askRaw } from "../testing/raw.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

type Token = () => string | Promise<string>;

/** Tries a token where the assistant is, and tells what came of it. */
async function outcome(token: string): Promise<string> {
  const answer = await gateway.fetch("/v1/models", { token });
  const body = (await answer.json()) as { error?: { code: string } };
  expect(gateway.openclaw.requests.length > 0).toBe(answer.status === 200);
  return answer.status === 200 ? "reached" : `${answer.status} ${body.error?.code}`;
}

const refused = (cases: readonly (readonly [name: string, token: Token])[]) =>
  it.each(cases)("%s", async (_name, token) => {
    expect(await outcome(await token())).toBe("401 ACCESS_TOKEN_INVALID");
  });

const { unsigned, byStranger, symmetric, byTeam, unencoded, encrypted } = forgeries;

describe("a token that was forged", () => {
  refused([
    ["alg none", () => unsigned(gateway.team, "none")],
    ["alg nOnE", () => unsigned(gateway.team, "nOnE")],
    ["RS256 with an empty signature", () => unsigned(gateway.team, "RS256")],
    ["HS256 with the public key as PEM", () => symmetric(gateway.team, "HS256", "pem")],
    ["HS256 with the public key as DER", () => symmetric(gateway.team, "HS256", "der")],
    ["HS256 with the public key as JWK", () => symmetric(gateway.team, "HS256", "jwk")],
    ["HS512 with the public key", () => symmetric(gateway.team, "HS512", "pem")],
    ["another team's key under a known kid", () => byStranger(gateway.team, {})],
    ["a jwk of its own in the header", () => byStranger(gateway.team, { jwk: "own" })],
    ["a jku in the header", () => byStranger(gateway.team, { jku: "https://evil.example/certs" })],
    ["an x5u in the header", () => byStranger(gateway.team, { x5u: "https://evil.example/cert.pem" })],
    ["a kid that is a path", () => byStranger(gateway.team, { kid: "../../dev/null" })],
    ["a kid that every object has", () => byStranger(gateway.team, { kid: "__proto__" })],
    ["an encrypted token", () => encrypted(gateway.team)],
  ]);

  it("makes the Worker fetch nothing but the team's keys", async () => {
    const before = gateway.team.fetches();
    await outcome(await byStranger(gateway.team, { jku: "https://evil.example/certs" }));
    await outcome(await byStranger(gateway.team, { x5u: "https://evil.example/cert.pem" }));
    expect(gateway.team.elsewhere()).toEqual([]);
    expect(gateway.team.fetches()).toBe(before);
  });
});

describe("a token that the team's key has signed, but not as Access does", () => {
  it("(as Access does, it opens)", async () => {
    expect(await outcome(await byTeam(gateway.team, {}))).toBe("reached");
  });
  refused([
    ["RS512", () => byTeam(gateway.team, { alg: "RS512" })],
    ["an alg that says PS256", () => byTeam(gateway.team, { alg: "PS256" })],
    ["a list of algs", () => byTeam(gateway.team, { alg: ["RS256"] })],
    ["the kid of a key for elliptic curves", () => byTeam(gateway.team, { kid: "elliptic" })],
    ["no kid", () => byTeam(gateway.team, { kid: undefined })],
    ["an empty kid", () => byTeam(gateway.team, { kid: "" })],
    ["a kid that is a number", () => byTeam(gateway.team, { kid: 0 })],
    ["an unknown crit", () => byTeam(gateway.team, { crit: ["exp"] })],
    ["an empty crit", () => byTeam(gateway.team, { crit: [] })],
    ["a payload that is not encoded", () => unencoded(gateway.team)],
    ["a detached payload", () => byTeam(gateway.team, {}, "")],
    ["a payload that is a list", () => byTeam(gateway.team, {}, [personClaims()])],
    ["a payload that is null", () => byTeam(gateway.team, {}, null)],
    ["a payload that is no JSON", () => byTeam(gateway.team, {}, "e30x")],
  ]);
});

describe("a token that was written differently", () => {
  const real = () => gateway.team.person();
  refused([
    ["a trailing dot", async () => `${await real()}.`],
    ["a leading dot", async () => `.${await real()}`],
    ["two trailing dots", async () => `${await real()}..`],
    ["padding", async () => `${await real()}==`],
    ["a space within", async () => (await real()).replace(".", ". ")],
    ["two tokens, the good one first", async () => `${await real()}, x.y.z`],
    ["two tokens, the good one last", async () => `x.y.z, ${await real()}`],
    [
      "the same token twice",
      async () =>
        Array(2)
          .fill(await real())
          .join(", "),
    ],
    ["a scheme before it", async () => `Bearer ${await real()}`],
    ["quotes around it", async () => `"${await real()}"`],
    ["more than 8 KB, though signed", () => gateway.team.person({ custom: "x".repeat(8192) })],
    ["a signature that was changed", async () => flip(await real())],
    ["claims that were changed", async () => swapClaims(await real())],
  ]);

  it("two headers", async () => {
    const token = await real();
    const { status } = await askRaw(gateway, "/v1/models", { "cf-access-jwt-assertion": [token, token] });
    expect(status).toBe(401);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

describe("a token at another place", () => {
  it.each([
    ["as Authorization", (token: string) => ["/v1/models", { authorization: `Bearer ${token}` }]],
    ["as a cookie", (token: string) => ["/v1/models", { cookie: `CF_Authorization=${token}` }]],
    [
      "under the name of Access's other header",
      (token: string) => ["/v1/models", { "cf-access-token": token }],
    ],
    ["with an underscore", (token: string) => ["/v1/models", { cf_access_jwt_assertion: token }]],
  ] as const)("%s counts for nothing", async (_name, place) => {
    const [path, headers] = place(await gateway.team.person());
    const answer = await gateway.fetch(path as string, {
      token: null,
      headers: headers as Record<string, string>,
    });
    expect(await answer.json()).toMatchObject({ error: { code: "ACCESS_TOKEN_MISSING" } });
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it("in the query is refused, whoever asks", async () => {
    const token = await gateway.team.person();
    for (const sent of [null, token]) {
      const answer = await gateway.fetch(`/v1/models?token=${token}`, { token: sent });
      expect(await answer.json()).toMatchObject({ error: { code: "SECRET_IN_URL" } });
    }
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

/** Changes the middle of the signature: its last character may hold unused bits. */
function flip(token: string): string {
  const at = token.length - 20;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}

/** Somebody else's claims under a real signature. */
function swapClaims(token: string): string {
  const [header, , signature] = token.split(".");
  const claims = JSON.stringify(personClaims({ email: "mel@example.com" }));
  return `${header}.${Buffer.from(claims).toString("base64url")}.${signature}`;
}
