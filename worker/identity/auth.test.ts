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
  it("a person whose audience is no list", async () => {
    expect(await outcome(await gateway.team.person({ aud: AUDIENCE }))).toBe("reached");
  });
  it("a person whose token names other applications besides", async () => {
    expect(await outcome(await gateway.team.person({ aud: ["b".repeat(64), AUDIENCE] }))).toBe("reached");
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
    ["an unknown kid", () => gateway.team.person({}, { kid: "nobody" }), invalid],
    ["another audience", person({ aud: ["b".repeat(64)] }), invalid],
    ["no audience", person({ aud: undefined }), invalid],
    ["an empty list of audiences", person({ aud: [] }), invalid],
    ["an audience within a list within the list", person({ aud: [[AUDIENCE]] }), invalid],
    ["this audience, and a list within the list", person({ aud: [AUDIENCE, [AUDIENCE]] }), invalid],
    ["an audience that only begins like this one", person({ aud: `${AUDIENCE}a` }), invalid],
    ["an audience that is an object", person({ aud: { 0: AUDIENCE, length: 1 } }), invalid],
    ["a token of another application of the team", person({ aud: ["c".repeat(64)] }), invalid],
    ["another team", person({ iss: "https://other.cloudflareaccess.com" }), invalid],
    ["no issuer", person({ iss: undefined }), invalid],
    ["an issuer with a slash at its end", person({ iss: `${TEAM_DOMAIN}/` }), invalid],
    ["a list of issuers", person({ iss: [TEAM_DOMAIN] }), invalid],
    ["the global session", person({ type: "org" }), invalid],
    ["no type", person({ type: undefined }), invalid],
    ["expired", person({ exp: now() - 60 }), "401 ACCESS_TOKEN_EXPIRED"],
    ["expired a second ago", person({ exp: now() - 1 }), "401 ACCESS_TOKEN_EXPIRED"],
    ["no exp", person({ exp: undefined }), invalid],
    ["an exp that is a text", person({ exp: String(now() + 3600) }), invalid],
    ["issued in the future", person({ iat: now() + 600 }), invalid],
    ["no iat", person({ iat: undefined }), invalid],
    ["an iat that is a text", person({ iat: String(now()) }), invalid],
    ["not yet valid", person({ nbf: now() + 600 }), invalid],
    ["an nbf that is a text", person({ nbf: "0" }), invalid],
    ["a type that is a list", person({ type: ["app"] }), invalid],
    ["both a person and a service", person({ common_name: "0123.access" }), invalid],
    ["neither person nor service", person({ email: undefined }), invalid],
    ["empty names", person({ email: "", common_name: "" }), invalid],
    ["an email that is null, and a service", person({ email: null, common_name: "0123.access" }), invalid],
    [
      "a service that is not this stack's",
      () => gateway.team.service({ common_name: "4567.access" }),
      invalid,
    ],
    ["a service that every object has", () => gateway.team.service({ common_name: "__proto__" }), invalid],
    ["a service in a list", () => gateway.team.service({ common_name: ["0123.access"] }), invalid],
    ["an email that is no text", person({ email: ["ada@example.com"] }), invalid],
  ];
  it.each(cases)("%s", async (_name, token, expected) => {
    expect(await outcome(await token())).toBe(expected);
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
