import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { visit } from "../testing/browse.ts";
import {
  enterCode,
  finishSignIn,
  loginUrl,
  postForm,
  type SignInTarget,
  signIn,
  signInAt,
} from "../testing/sign-in.ts";

let cloudflare: TestCloudflare;
let account_id: string;
let everyone: string;
let methods: Map<string | undefined, string>;
/** What the account's clock is ahead of the machine's. */
let aheadMs = 0;
const hour = 3_600_000;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(233, {
    now: () => Date.now() + aheadMs,
    loginMethods: ["onetimepin", "google", "cloudflare"],
    members: ["owner@example.com"],
  });
  account_id = cloudflare.local.accountId;
  const { client } = cloudflare;
  const found = (await client.zeroTrust.identityProviders.list({ account_id })).result;
  methods = new Map(found.map(({ type, id }) => [type as string, id as string]));
  const policy = { account_id, name: "everyone", decision: "allow" as const, include: [{ everyone: {} }] };
  everyone = (await client.zeroTrust.access.policies.create(policy)).id as string;
}, 30_000);
afterAll(() => cloudflare?.local.close());

/** A Worker that echoes its headers, behind an application of its own. */
async function protect(name: string, settings: Record<string, unknown> = {}): Promise<SignInTarget> {
  const { client, local } = cloudflare;
  const hostname = `${name}.${local.workersSubdomain}.workers.dev`;
  await uploadScript(
    cloudflare,
    name,
    "export default { fetch: (request) => Response.json(Object.fromEntries(request.headers)) };",
  );
  await client.workers.scripts.subdomain.create(name, { account_id, enabled: true });
  const app = await client.zeroTrust.access.applications.create({
    account_id,
    type: "self_hosted",
    name,
    domain: hostname,
    policies: [{ id: everyone }],
    ...settings,
  });
  return { hostname, aud: app.aud as string };
}

const ask = ({ hostname }: SignInTarget, headers: Record<string, string> = {}) =>
  visit(cloudflare.browser, `https://${hostname}/`, { headers });
const byProvider = (app: SignInTarget, name: string, email: string) => signInAt(cloudflare, app, name, email);

describe("the login page", () => {
  it("offers all of the account's methods, or those that the application allows", async () => {
    const all = await protect("all");
    const page = (await visit(cloudflare.browser, loginUrl(cloudflare, all))).body;
    for (const text of ["Send me a code", "Sign in with google", "Sign in with Cloudflare"])
      expect(page).toContain(text);
    const one = await protect("one", { allowed_idps: [methods.get("google")] });
    const narrow = (await visit(cloudflare.browser, loginUrl(cloudflare, one))).body;
    expect(narrow).toContain("Sign in with google");
    expect(narrow).not.toContain("Send me a code");
    expect(narrow).not.toContain("Sign in with Cloudflare");
    const posted = await postForm(cloudflare, loginUrl(cloudflare, one), { email: "ann@example.com" });
    expect(posted.status).toBe(404);
    expect(cloudflare.local.loginCode("ann@example.com")).toBeUndefined();
  });

  it("leads straight to the only provider where the application asks for it", async () => {
    const app = await protect("straight", {
      allowed_idps: [methods.get("google")],
      auto_redirect_to_identity: true,
    });
    const page = await visit(cloudflare.browser, loginUrl(cloudflare, app));
    expect([page.status, page.headers.location]).toEqual([
      302,
      expect.stringContaining(methods.get("google") as string),
    ]);
  });

  it("lets someone in by a provider, back to where they wanted to go", async () => {
    const app = await protect("provider");
    const { cookie } = await finishSignIn(cloudflare, await byProvider(app, "google", "ann@example.com"));
    const seen = JSON.parse((await ask(app, { cookie })).body);
    expect(seen["cf-access-authenticated-user-email"]).toBe("ann@example.com");
    const identity = await visit(cloudflare.browser, `https://${app.hostname}/cdn-cgi/access/get-identity`, {
      headers: { cookie },
    });
    expect(JSON.parse(identity.body).idp).toEqual({ id: methods.get("google"), type: "google" });
  });

  it("asks again when the team's session came by a method that the application does not allow", async () => {
    const [any, one] = [
      await protect("any"),
      await protect("strict", { allowed_idps: [methods.get("google")] }),
    ];
    const { team } = await signIn(cloudflare, any, "ann@example.com");
    const again = (app: SignInTarget) =>
      visit(cloudflare.browser, loginUrl(cloudflare, app), { headers: { cookie: team } });
    expect((await again(any)).status).toBe(302);
    expect((await again(one)).status).toBe(200);
  });

  it("lets only the account's members in by Cloudflare's own provider", async () => {
    const app = await protect("members");
    expect((await byProvider(app, "Cloudflare", "ann@example.com")).status).toBe(401);
    expect((await byProvider(app, "Cloudflare", "owner@example.com")).status).toBe(302);
  });
});

describe("a session", () => {
  it("ends with its duration, and is renewed in silence while the team's own lasts", async () => {
    const app = await protect("session", { session_duration: "1h" });
    const { cookie, team } = await signIn(cloudflare, app, "ann@example.com");
    expect((await ask(app, { cookie })).status).toBe(200);
    aheadMs += hour - 5000;
    expect((await ask(app, { cookie })).status).toBe(200);
    aheadMs += 6000;
    const over = await ask(app, { cookie });
    expect(over.status).toBe(302);
    expect((await ask(app, { cookie, "x-requested-with": "XMLHttpRequest" })).status).toBe(401);
    const login = over.headers.location as string;
    const renewed = await visit(cloudflare.browser, login, { headers: { cookie: team } });
    const { cookie: next } = await finishSignIn(cloudflare, renewed);
    expect((await ask(app, { cookie: next })).status).toBe(200);
    aheadMs += 24 * hour;
    expect((await visit(cloudflare.browser, login, { headers: { cookie: team } })).status).toBe(200);
  });

  it("does not go on where its country is not allowed", async () => {
    const { id = "" } = await cloudflare.client.zeroTrust.access.policies.create({
      account_id,
      name: "at home",
      decision: "allow",
      include: [{ everyone: {} }],
      require: [{ geo: { country_code: "DE" } }],
    });
    const app = await protect("home", { policies: [{ id }] });
    const { cookie } = await signIn(cloudflare, app, "ann@example.com");
    expect((await ask(app, { cookie })).status).toBe(200);
    cloudflare.local.moveClient({ country: "FR" });
    try {
      expect((await ask(app, { cookie })).status).toBe(403);
    } finally {
      cloudflare.local.moveClient({ country: "DE" });
    }
  });

  it("counts beside its binding cookie alone where the application asks for one, which no Worker sees", async () => {
    const app = await protect("bound", { enable_binding_cookie: true, same_site_cookie_attribute: "lax" });
    const done = await enterCode(cloudflare, app, "ann@example.com");
    const back = await visit(cloudflare.browser, done.headers.location as string);
    const set = back.headers["set-cookie"] ?? [];
    expect(set).toEqual([
      expect.stringMatching(/^CF_Authorization=.*; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^CF_Binding=.*; Path=\/; Secure; HttpOnly; SameSite=None$/),
    ]);
    const [session, binding] = set.map((cookie) => cookie.split(";")[0]);
    expect((await ask(app, { cookie: `${session}` })).status).toBe(302);
    expect((await ask(app, { cookie: `${session}; CF_Binding=stolen` })).status).toBe(302);
    const seen = JSON.parse((await ask(app, { cookie: `a=b; ${binding}; ${session}` })).body);
    expect(seen.cookie).toBe(`a=b; ${session}`);
  });

  it("is of type org at the team's domain and of type app at the application's", async () => {
    const app = await protect("types");
    const { cookie, team } = await signIn(cloudflare, app, "ann@example.com");
    const claims = (header: string) => decodeJwt(header.replace("CF_Authorization=", ""));
    expect(claims(team)).toMatchObject({ type: "org", aud: [cloudflare.local.teamDomain] });
    expect(claims(cookie)).toMatchObject({ type: "app", aud: [app.aud], email: "ann@example.com" });
    expect((await ask(app, { cookie: team })).status).toBe(302);
  });
});

describe("a rotation of the signing keys", () => {
  const kids = async () => {
    const page = await visit(
      cloudflare.browser,
      `https://${cloudflare.local.teamDomain}/cdn-cgi/access/certs`,
    );
    return (JSON.parse(page.body).keys as { kid: string }[]).map(({ kid }) => kid);
  };

  it("signs with a new key and keeps the one before; the next rotation ends it", async () => {
    const app = await protect("rotation");
    const before = await kids();
    const { cookie } = await signIn(cloudflare, app, "ann@example.com");
    expect(decodeProtectedHeader(cookie.slice(17)).kid).toBe(before[0]);
    await cloudflare.client.zeroTrust.access.keys.rotate({ account_id });
    const after = await kids();
    expect(after).toHaveLength(2);
    expect(after[1]).toBe(before[0]);
    expect((await ask(app, { cookie })).status).toBe(200);
    const fresh = (await enterCode(cloudflare, app, "ann@example.com")).headers["set-cookie"]?.[0] ?? "";
    expect(decodeProtectedHeader((fresh.split(";")[0] as string).slice(17)).kid).toBe(after[0]);
    await cloudflare.local.rotateKeys();
    expect((await ask(app, { cookie })).status).toBe(302);
  });
});
