import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { type Visit, visit } from "../testing/browse.ts";
import { cookieOf, enterCode, loginUrl, postForm, signIn } from "../testing/sign-in.ts";

const worker = `
export default {
  async fetch(request) {
    return Response.json({ headers: Object.fromEntries(request.headers) });
  },
};`;

/** A Worker behind an application for ann@example.com, everyone at example.org, and one service token. */
async function build(cloudflare: TestCloudflare) {
  const { client, local } = cloudflare;
  const account_id = local.accountId;
  const { serviceTokens, policies, applications } = client.zeroTrust.access;
  const [known, other] = await Promise.all(
    ["known", "other"].map((name) => serviceTokens.create({ account_id, name })),
  );
  const people = await policies.create({
    account_id,
    name: "people",
    decision: "allow",
    include: [{ email: { email: "ann@example.com" } }, { email_domain: { domain: "example.org" } }],
    exclude: [{ email: { email: "mallory@example.org" } }],
  });
  const machines = await policies.create({
    account_id,
    name: "machines",
    decision: "non_identity",
    include: [{ service_token: { token_id: known?.id as string } }],
  });
  const hostname = `app.${local.workersSubdomain}.workers.dev`;
  const app = await applications.create({
    account_id,
    type: "self_hosted",
    name: "app",
    domain: hostname,
    policies: [{ id: people.id as string }, { id: machines.id as string }],
  });
  await uploadScript(cloudflare, "app", worker);
  await client.workers.scripts.subdomain.create("app", {
    account_id,
    enabled: true,
    previews_enabled: false,
  });
  const headersOf = (token: typeof known) => ({
    "cf-access-client-id": token?.client_id as string,
    "cf-access-client-secret": token?.client_secret as string,
  });
  return { hostname, app, known: headersOf(known), knownId: known?.id as string, other: headersOf(other) };
}

describe("Access before a Worker, in a strict organization", () => {
  let cloudflare: TestCloudflare;
  let built: Awaited<ReturnType<typeof build>>;
  const ask = (path: string, how: Visit = {}) =>
    visit(cloudflare.browser, `https://${built.hostname}${path}`, how);

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(251);
    built = await build(cloudflare);
  }, 60_000);
  afterAll(() => cloudflare?.local.close());

  it("sends whoever has no credentials to the team's login, and scripts away with 401", async () => {
    const page = await ask("/chat?x=1");
    expect(page.status).toBe(302);
    const login = new URL(page.headers.location as string);
    expect(login.hostname).toBe(cloudflare.local.teamDomain);
    expect(login.searchParams.get("redirect_url")).toBe("/chat?x=1");
    expect((await ask("/", { headers: { "x-requested-with": "XMLHttpRequest" } })).status).toBe(401);
  });

  it("refuses a bad service token with 401 and one without a policy with 403, never with a redirect", async () => {
    const { known, other } = built;
    const wrong = { ...known, "cf-access-client-secret": other["cf-access-client-secret"] };
    expect((await ask("/", { headers: wrong })).status).toBe(401);
    expect(
      (await ask("/", { headers: { "cf-access-client-id": known["cf-access-client-id"] } })).status,
    ).toBe(401);
    const twice = {
      ...known,
      "cf-access-client-id": Array(2).fill(known["cf-access-client-id"]) as string[],
    };
    expect((await ask("/", { headers: twice })).status).toBe(401);
    expect((await ask("/", { headers: other })).status).toBe(403);
    const page = await ask("/", { headers: known });
    expect(page.status).toBe(200);
    expect(page.headers["set-cookie"]).toBeUndefined();
  });

  it("judges a request with service token headers by these alone, whatever Allow policy or cookie there is", async () => {
    const { cookie } = await signIn(cloudflare, target(), "ann@example.com");
    expect((await ask("/", { headers: { cookie, ...built.other } })).status).toBe(403);
    const { policies, applications } = cloudflare.client.zeroTrust.access;
    const account_id = cloudflare.local.accountId;
    const all = [{ everyone: {} }, { any_valid_service_token: {} }];
    const anyone = await policies.create({ account_id, name: "anyone", decision: "allow", include: all });
    const hostname = `open-to-all.${cloudflare.local.workersSubdomain}.workers.dev`;
    await applications.create({
      account_id,
      type: "self_hosted",
      name: "open-to-all",
      domain: hostname,
      policies: [{ id: anyone.id as string }],
    });
    const page = await visit(cloudflare.browser, `https://${hostname}/`, { headers: built.known });
    expect(page.status).toBe(403);
    expect(page.headers["set-cookie"]).toBeUndefined();
  });

  it("keeps the earlier secret until its time after a rotation, which may be moved, and forgets both with a disabled token", async () => {
    const { client, local } = cloudflare;
    const token = client.zeroTrust.access.serviceTokens;
    const soon = new Date(Date.now() + 60_000).toISOString();
    const rotated = await token.rotate(built.knownId, {
      account_id: local.accountId,
      previous_client_secret_expires_at: soon,
    } as never);
    const renewed = { ...built.known, "cf-access-client-secret": rotated.client_secret as string };
    expect((await ask("/", { headers: renewed })).status).toBe(200);
    expect((await ask("/", { headers: built.known })).status).toBe(200);
    const change = { account_id: local.accountId, name: "known" };
    const moved = (until: string) => ({ ...change, previous_client_secret_expires_at: until });
    await token.update(built.knownId, moved(new Date(Date.now() - 1).toISOString()) as never);
    expect((await ask("/", { headers: built.known })).status).toBe(401);
    await token.update(built.knownId, moved(soon) as never);
    expect((await ask("/", { headers: built.known })).status).toBe(200);
    await token.update(built.knownId, { ...change, enabled: false } as never);
    expect((await ask("/", { headers: renewed })).status).toBe(401);
    await token.update(built.knownId, { ...change, enabled: true } as never);
    expect((await ask("/", { headers: built.known })).status).toBe(401);
    expect((await ask("/", { headers: renewed })).status).toBe(200);
    built = { ...built, known: renewed };
  });

  it("answers no preflight until the application says how", async () => {
    const preflight = { origin: "https://other.example", "access-control-request-method": "POST" };
    expect((await ask("/v1/models", { method: "OPTIONS", headers: preflight })).status).toBe(403);
  });

  it("signs a person in by a code, back to where they wanted to go", async () => {
    expect((await visit(cloudflare.browser, loginUrl(cloudflare, target()))).body).toContain("email");
    const wrong = { email: "Ann@example.com", code: "x" };
    expect((await postForm(cloudflare, loginUrl(cloudflare, target()), wrong)).status).toBe(401);
    const done = await enterCode(cloudflare, target(), "Ann@example.com", "/chat?x=1");
    const back = await visit(cloudflare.browser, done.headers.location as string);
    expect([back.status, back.headers.location]).toEqual([302, "/chat?x=1"]);
    expect(back.headers["set-cookie"]?.[0]).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=None$/);
    const again = await visit(cloudflare.browser, done.headers.location as string);
    expect(again.status).toBe(400);
    const cookie = cookieOf(back);
    const page = await ask("/chat?x=1", { headers: { cookie } });
    expect(page.status).toBe(200);
    const headers = JSON.parse(page.body).headers;
    expect(headers["cf-access-authenticated-user-email"]).toBe("Ann@example.com");
    const jwt = headers["cf-access-jwt-assertion"];
    expect(Object.keys(decodeJwt(jwt)).toSorted()).toEqual([
      "aud",
      "country",
      "email",
      "exp",
      "iat",
      "identity_nonce",
      "iss",
      "nbf",
      "sub",
      "type",
    ]);
    const certs = JSON.parse(
      (await visit(cloudflare.browser, `https://${cloudflare.local.teamDomain}/cdn-cgi/access/certs`)).body,
    );
    expect(certs.keys.map((key: { kid: string }) => key.kid)).toContain(decodeProtectedHeader(jwt).kid);
    expect(Object.keys(certs).toSorted()).toEqual(["keys", "public_cert", "public_certs"]);
    const identity = await ask("/cdn-cgi/access/get-identity", { headers: { cookie } });
    expect(JSON.parse(identity.body).email).toBe("Ann@example.com");
  });

  it("sends no code to who may not enter, and says nothing of it", async () => {
    for (const email of ["mallory@example.org", "eve@example.net"]) {
      const page = await postForm(cloudflare, loginUrl(cloudflare, target()), { email });
      expect(page.body).toContain("a code is on its way");
      expect(cloudflare.local.loginCode(email)).toBeUndefined();
    }
  });

  it("hands a token to no host but the application's", async () => {
    const { client, local } = cloudflare;
    const other = `other.${local.workersSubdomain}.workers.dev`;
    await client.zeroTrust.access.applications.create({
      account_id: local.accountId,
      type: "self_hosted",
      name: "other",
      domain: other,
    });
    const url = loginUrl(cloudflare, { ...target(), hostname: other });
    expect((await visit(cloudflare.browser, url)).status).toBe(404);
    expect((await visit(cloudflare.browser, loginUrl(cloudflare, target(), "//evil.example"))).status).toBe(
      404,
    );
  });

  it("refuses a session that was logged out, revoked, or is the team's own", async () => {
    const { cookie, team } = await signIn(cloudflare, target(), "bob@example.org");
    expect((await ask("/", { headers: { cookie } })).status).toBe(200);
    await ask("/cdn-cgi/access/logout", { headers: { cookie } });
    expect((await ask("/", { headers: { cookie } })).status).toBe(302);
    expect((await ask("/", { headers: { cookie: team } })).status).toBe(302);
    const carol = await signIn(cloudflare, target(), "carol@example.org");
    expect((await ask("/", { headers: { cookie: carol.cookie } })).status).toBe(200);
    await cloudflare.client.zeroTrust.organizations.revokeUsers({
      account_id: cloudflare.local.accountId,
      email: "carol@example.org",
    });
    expect((await ask("/", { headers: { cookie: carol.cookie } })).status).toBe(302);
  });

  it("leaves a Worker open that no application protects, as in reality", async () => {
    await uploadScript(cloudflare, "open", worker);
    const url = `https://open.${cloudflare.local.workersSubdomain}.workers.dev/`;
    expect((await visit(cloudflare.browser, url)).status).toBe(404);
    const { accountId } = cloudflare.local;
    await cloudflare.client.workers.scripts.subdomain.create("open", {
      account_id: accountId,
      enabled: true,
    });
    const page = await visit(cloudflare.browser, url, {
      headers: { "cf-access-authenticated-user-email": "me" },
    });
    expect(page.status).toBe(200);
    expect(page.body).not.toContain("cf-access");
  });

  const target = () => ({ hostname: built.hostname, aud: built.app.aud as string });
});

describe("Access in an organization from before October 2026", () => {
  let cloudflare: TestCloudflare;
  let built: Awaited<ReturnType<typeof build>>;
  const ask = (headers: Visit["headers"]) =>
    visit(cloudflare.browser, `https://${built.hostname}/`, { headers });

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(252, { strictServiceTokenAuth: false });
    built = await build(cloudflare);
  }, 60_000);
  afterAll(() => cloudflare?.local.close());

  it("gives a machine a cookie, and takes that in place of its headers", async () => {
    const page = await ask(built.known);
    expect(page.status).toBe(200);
    const cookie = cookieOf(page);
    expect(cookie).toMatch(/^CF_Authorization=/);
    const later = await ask({ cookie });
    expect(later.status).toBe(200);
    const { "cf-access-jwt-assertion": jwt } = JSON.parse(later.body).headers;
    expect(decodeJwt(jwt)).toMatchObject({ common_name: built.known["cf-access-client-id"], sub: "" });
  });

  it("sends a bad service token to the login, and lets a person's cookie count beside it", async () => {
    expect((await ask(built.other)).status).toBe(302);
    const bad = { ...built.known, "cf-access-client-secret": "wrong" };
    expect((await ask(bad)).status).toBe(302);
    const target = { hostname: built.hostname, aud: built.app.aud as string };
    const { cookie } = await signIn(cloudflare, target, "ann@example.com");
    expect((await ask({ ...bad, cookie })).status).toBe(200);
  });

  it("answers 401 to a bad service token where the application asks for it", async () => {
    const account_id = cloudflare.local.accountId;
    await cloudflare.client.zeroTrust.access.applications.update(built.app.id as string, {
      account_id,
      type: "self_hosted",
      name: "app",
      domain: built.hostname,
      service_auth_401_redirect: true,
    });
    expect((await ask(built.other)).status).toBe(401);
    expect((await ask({})).status).toBe(302);
  });
});
