import { createPublicKey } from "node:crypto";
import { exportJWK, exportSPKI, generateKeyPair, importSPKI, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AUDIENCE, now, TEAM_DOMAIN } from "../testing/access.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** Asks for the models, and tells the refusal's code, or that OpenClaw was reached. */
async function outcome(token: string | null): Promise<string> {
  const answer = await gateway.fetch("/v1/models", { token });
  const body = (await answer.json()) as { error?: { code: string } };
  const reached = gateway.openclaw.requests.length > 0;
  expect(reached).toBe(answer.status === 200);
  return reached ? "reached" : `${answer.status} ${body.error?.code}`;
}

describe("who is let in", () => {
  it("a person with a token of this application", async () => {
    expect(await outcome(await gateway.team.person())).toBe("reached");
  });
  it("a service, whose token has no nbf and no email", async () => {
    expect(await outcome(await gateway.team.service())).toBe("reached");
  });
  it("a service whose token says that it has no email", async () => {
    expect(await outcome(await gateway.team.service({ email: "" }))).toBe("reached");
  });
});

describe("who is refused", () => {
  const invalid = "401 ACCESS_TOKEN_INVALID";
  const person = (claims: Record<string, unknown>) => () => gateway.team.person(claims);
  const cases: [name: string, token: () => Promise<string | null>, expected: string][] = [
    ["no token", async () => null, "401 ACCESS_TOKEN_MISSING"],
    ["an empty token", async () => "", "401 ACCESS_TOKEN_MISSING"],
    ["no JWT", async () => "x.y.z", invalid],
    ["two tokens", async () => `${await gateway.team.person()}, ${await gateway.team.person()}`, invalid],
    ["a key of someone else under a known kid", forged, invalid],
    ["an unknown kid", () => gateway.team.person({}, { kid: "nobody" }), invalid],
    ["no kid", () => gateway.team.person({}, { kid: undefined }), invalid],
    ["alg none", unsigned, invalid],
    ["HS256 with the public key as secret", symmetric, invalid],
    ["another audience", person({ aud: ["b".repeat(64)] }), invalid],
    ["no audience", person({ aud: undefined }), invalid],
    ["another team", person({ iss: "https://other.cloudflareaccess.com" }), invalid],
    ["the global session", person({ type: "org" }), invalid],
    ["no type", person({ type: undefined }), invalid],
    ["expired", person({ exp: now() - 60 }), "401 ACCESS_TOKEN_EXPIRED"],
    ["no exp", person({ exp: undefined }), invalid],
    ["issued in the future", person({ iat: now() + 600 }), invalid],
    ["no iat", person({ iat: undefined }), invalid],
    ["not yet valid", person({ nbf: now() + 600 }), invalid],
    ["both a person and a service", person({ common_name: "0123.access" }), invalid],
    ["neither person nor service", person({ email: undefined }), invalid],
    ["an email that is no text", person({ email: ["ada@example.com"] }), invalid],
    ["a signature that was changed", async () => flip(await gateway.team.person()), invalid],
  ];
  it.each(cases)("%s", async (_name, token, expected) => {
    expect(await outcome(await token())).toBe(expected);
  });

  it("a token that comes as a cookie or as a bearer only", async () => {
    const token = await gateway.team.person();
    const headers = { cookie: `CF_Authorization=${token}`, authorization: `Bearer ${token}` };
    const answer = await gateway.fetch("/v1/models", { token: null, headers });
    expect(answer.status).toBe(401);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it("at every address, and the chat page's files too", async () => {
    const paths = [
      "/",
      "/health",
      "/chat.html",
      "/chat.js",
      "/chat.css",
      "/app/",
      "/assets/a.js",
      "/sw.js",
      "/nowhere",
    ];
    for (const path of paths) {
      const answer = await gateway.fetch(path, { token: null });
      expect([path, answer.status]).toEqual([path, 401]);
    }
  });

  it("by a text that tells nothing of what lies behind", async () => {
    const answer = await gateway.fetch("/v1/models", { token: null });
    const text = (await answer.text()) + JSON.stringify([...answer.headers]);
    expect(text).not.toMatch(/openclaw|tunnel|vpc|hono|127\.0|team\./i);
  });
});

async function forged(): Promise<string> {
  const { privateKey } = await generateKeyPair("RS256");
  return new SignJWT(claims()).setProtectedHeader({ alg: "RS256", kid: gateway.team.kid }).sign(privateKey);
}

async function unsigned(): Promise<string> {
  const token = new UnsecuredJWT(claims()).encode();
  const header = Buffer.from(JSON.stringify({ alg: "none", kid: gateway.team.kid })).toString("base64url");
  return token.replace(/^[^.]*/, header);
}

/** RFC 8725, 2.1: the verifier's public key taken for a shared secret. */
async function symmetric(): Promise<string> {
  const { d, p, q, dp, dq, qi, ...jwk } = await exportJWK(gateway.team.privateKey);
  const pem = createPublicKey({ key: jwk as never, format: "jwk" }).export({ type: "spki", format: "pem" });
  const spki = await exportSPKI(await importSPKI(pem.toString(), "RS256", { extractable: true }));
  return new SignJWT(claims())
    .setProtectedHeader({ alg: "HS256", kid: gateway.team.kid })
    .sign(new TextEncoder().encode(spki));
}

function claims() {
  return {
    type: "app",
    iss: TEAM_DOMAIN,
    aud: [AUDIENCE],
    iat: now(),
    exp: now() + 3600,
    email: "ada@example.com",
  };
}

/** Changes the middle of the signature: its last character may hold unused bits. */
function flip(token: string): string {
  const at = token.length - 20;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}
