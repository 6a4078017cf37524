import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { type Page, type Visit, visit } from "../testing/browse.ts";

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

  it("keeps the earlier secret until its time after a rotation, and forgets both with a disabled token", async () => {
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
    const cookie = await signIn("Ann@example.com", "/chat?x=1");
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
    await expect(signIn("mallory@example.org", "/")).rejects.toThrow("no code");
    await expect(signIn("eve@example.net", "/")).rejects.toThrow("no code");
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
    const url = loginUrl("/").replace(built.hostname, other);
    expect((await visit(cloudflare.browser, url)).status).toBe(404);
    expect((await visit(cloudflare.browser, loginUrl("//evil.example"))).status).toBe(404);
  });

  it("refuses a session that was logged out, revoked, or is the team's own", async () => {
    const cookie = await signIn("bob@example.org", "/");
    expect((await ask("/", { headers: { cookie } })).status).toBe(200);
    await ask("/cdn-cgi/access/logout", { headers: { cookie } });
    expect((await ask("/", { headers: { cookie } })).status).toBe(302);
    const team = await teamSession("carol@example.org");
    expect((await ask("/", { headers: { cookie: team } })).status).toBe(302);
    const carol = await signIn("carol@example.org", "/");
    expect((await ask("/", { headers: { cookie: carol } })).status).toBe(200);
    await cloudflare.client.zeroTrust.organizations.revokeUsers({
      account_id: cloudflare.local.accountId,
      email: "carol@example.org",
    });
    expect((await ask("/", { headers: { cookie: carol } })).status).toBe(302);
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

  const loginUrl = (path: string) =>
    `https://${cloudflare.local.teamDomain}/cdn-cgi/access/login/${built.hostname}?kid=${built.app.aud}&redirect_url=${encodeURIComponent(path)}`;
  const post = (url: string, fields: Record<string, string>) =>
    visit(cloudflare.browser, url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(fields).toString(),
    });
  /** Walks the login as a browser would; gives the answer to the right code. */
  const enterCode = async (email: string, path: string): Promise<Page> => {
    expect((await visit(cloudflare.browser, loginUrl(path))).body).toContain("email");
    expect((await post(loginUrl(path), { email })).body).toContain("a code is on its way");
    const code = cloudflare.local.loginCode(email);
    if (!code) throw new Error(`no code for ${email}`);
    expect((await post(loginUrl(path), { email, code: "x" })).status).toBe(401);
    return post(loginUrl(path), { email, code });
  };
  const cookieOf = (page: Page) => (page.headers["set-cookie"]?.[0] ?? "").split(";")[0] as string;
  const teamSession = async (email: string) => cookieOf(await enterCode(email, "/"));
  const signIn = async (email: string, path: string) => {
    const done = await enterCode(email, path);
    expect(done.status).toBe(302);
    const back = await visit(cloudflare.browser, done.headers.location as string);
    expect([back.status, back.headers.location]).toEqual([302, path]);
    expect(back.headers["set-cookie"]?.[0]).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const again = await visit(cloudflare.browser, done.headers.location as string);
    expect(again.status).toBe(400);
    return cookieOf(back);
  };
});

describe("Access in an organization from before October 2026", () => {
  it("sends a bad service token to the login, and gives a machine a cookie", {
    timeout: 60_000,
  }, async () => {
    const cloudflare = await startTestCloudflare(252, { strictServiceTokenAuth: false });
    try {
      const { hostname, known, other } = await build(cloudflare);
      const ask = (headers: Record<string, string>) =>
        visit(cloudflare.browser, `https://${hostname}/`, { headers });
      expect((await ask(other)).status).toBe(302);
      const page = await ask(known);
      expect(page.status).toBe(200);
      expect(page.headers["set-cookie"]?.[0]).toMatch(/^CF_Authorization=/);
    } finally {
      await cloudflare.local.close();
    }
  });
});
