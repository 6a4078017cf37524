import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import type { AccessApp } from "../account.ts";
import { applicationFor } from "./applications.ts";
import { cookiesOf } from "./cookies.ts";
import { codePage, emailPage, forbiddenPage, inboxPage, messagePage } from "./pages.ts";
import { decidingPolicy, type Person } from "./rules.ts";
import type { Team } from "./team.ts";

/** What the login is for: read anew from the URL at each step. */
interface Attempt {
  readonly app: AccessApp;
  readonly hostname: string;
  readonly path: string;
  readonly action: string;
}

/**
 * The team's own domain: certs, login by a one-time code, logout. A person who has the team's session goes straight
 * back to the application; rules on addresses are looked at here, at login, and not on each request.
 */
export function createLogin(team: Team): Hono {
  const login = new Hono();
  const loginPath = "/cdn-cgi/access/login/:hostname";

  login.get("/cdn-cgi/access/certs", (c) =>
    c.body(team.keys.certs(), 200, { "content-type": "application/json" }),
  );
  login.get(loginPath, async (c) => {
    const attempt = readAttempt(team, c);
    if (!attempt) return unknownApplication(c);
    const email = await signedIn(team, c);
    if (email) return enter(team, c, attempt, email);
    return c.html(emailPage(attempt.hostname, attempt.action));
  });
  login.post(loginPath, async (c) => {
    const attempt = readAttempt(team, c);
    if (!attempt) return unknownApplication(c);
    const form = await c.req.parseBody();
    const email = String(form.email ?? "").trim();
    if (form.code === undefined) {
      if (allowing(team, attempt.app, personOf(team, email))) team.tickets.sendCode(email);
      return c.html(codePage(email, attempt.action, ""));
    }
    if (!team.tickets.takeCode(email, String(form.code).trim()))
      return c.html(codePage(email, attempt.action, "That code is wrong or has expired."), 401);
    const session = await team.tokens.forTeam(personOf(team, email), subjectOf(email));
    c.header("set-cookie", `CF_Authorization=${session}; Path=/; Secure; HttpOnly; SameSite=Lax`);
    return enter(team, c, attempt, email);
  });
  login.get("/cdn-cgi/access/logout", async (c) => {
    const email = await signedIn(team, c);
    if (email) team.revocations.person(email);
    c.header("set-cookie", "CF_Authorization=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    return c.html(messagePage("You have been logged out", "Sessions in all applications have ended."));
  });
  login.get("/cdn-cgi/access/get-identity", async (c) => {
    const email = await signedIn(team, c);
    return email ? c.json({ email, idp: { type: "onetimepin" } }) : c.text("Unauthorized", 401);
  });
  login.get("/rehearsal/inbox", (c) => {
    const email = c.req.query("email") ?? "";
    return c.html(inboxPage(email, team.tickets.codeFor(email)));
  });
  return login;
}

function readAttempt(team: Team, c: Context): Attempt | undefined {
  const app = team.account.apps.published().find((one) => one.aud === c.req.query("kid"));
  const path = c.req.query("redirect_url") ?? "/";
  // Only a path of the application's own host: `//other.example` and `/\other.example` would lead away.
  if (!app || !/^\/(?![/\\])/.test(path)) return undefined;
  const url = new URL(c.req.url);
  const hostname = c.req.param("hostname") as string;
  // The token is handed over only to a host that this application protects.
  if (applicationFor(team.account, hostname, path.split("?")[0] as string) !== app) return undefined;
  return { app, hostname, path, action: url.pathname + url.search };
}

const unknownApplication = (c: Context) =>
  c.html(messagePage("Unable to find your Access application!", ""), 404);

const personOf = (team: Team, email: string): Person => ({ email, ...team.client });

const allowing = (team: Team, app: AccessApp, person: Person) => {
  const policy = decidingPolicy(team.account, app, { person }, ["allow", "deny"]);
  return policy?.decision === "allow" ? policy : undefined;
};

/** A person keeps the same subject (a UUID) in every token. */
function subjectOf(email: string): string {
  const hash = createHash("sha256").update(email.toLowerCase()).digest("hex");
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    hash.slice(12, 16),
    hash.slice(16, 20),
    hash.slice(20, 32),
  ].join("-");
}

/** The address in the team's session cookie. */
async function signedIn(team: Team, c: Context): Promise<string | undefined> {
  for (const jwt of cookiesOf({ headers: { cookie: c.req.header("cookie") } }, "CF_Authorization")) {
    const claims = await team.tokens.read(jwt, "org", team.account.teamDomain);
    if (typeof claims?.email === "string" && !team.revocations.isRevoked(claims)) return claims.email;
  }
  return undefined;
}

async function enter(team: Team, c: Context, attempt: Attempt, email: string): Promise<Response> {
  const { app, hostname, path } = attempt;
  const policy = allowing(team, app, personOf(team, email));
  if (!policy) return c.html(forbiddenPage(email, hostname), 403);
  const token = await team.tokens.forPerson(app, policy, personOf(team, email), subjectOf(email));
  const nonce = team.tickets.issue({ hostname, token, path });
  return c.redirect(`https://${hostname}/cdn-cgi/access/authorized?nonce=${nonce}`);
}
