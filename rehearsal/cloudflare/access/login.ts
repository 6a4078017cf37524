import { type Context, Hono } from "hono";
import { serveIdentityProviders } from "./identity-provider.ts";
import { readAttempt, unknownApplication } from "./login-attempt.ts";
import { isOneTimeCode } from "./login-methods.ts";
import { codePage, inboxPage, loginPage, messagePage } from "./pages.ts";
import { whoSignsIn } from "./people.ts";
import type { Team } from "./team.ts";
import { allowing, beginSession, enter, signedIn } from "./team-session.ts";

const loginPath = "/cdn-cgi/access/login/:hostname";

/**
 * The team's own domain: certs, login by a one-time code or an identity provider, logout. A person who has the team's
 * session, by a method that the application allows, goes straight back to it.
 */
export function createLogin(team: Team): Hono {
  const login = new Hono();
  // The real ones may be kept by clients for some time; how long is not documented.
  login.get("/cdn-cgi/access/certs", (c) =>
    c.body(team.keys.certs(), 200, { "content-type": "application/json" }),
  );
  login.get(loginPath, async (c) => {
    const attempt = readAttempt(team, c);
    if (!attempt) return unknownApplication(c);
    const { app, methods, hostname, action } = attempt;
    const who = await signedIn(team, c);
    if (who && methods.some(({ id }) => id === who.person.loginMethod)) return enter(team, c, attempt, who);
    const others = methods
      .filter((method) => !isOneTimeCode(method))
      .map(({ id, name = "" }) => ({ name, href: `/cdn-cgi/access/idp/${id}/${hostname}${query(c)}` }));
    const [only] = others;
    if (app.sent.auto_redirect_to_identity && methods.length === 1 && only) return c.redirect(only.href);
    return c.html(loginPage(hostname, action, methods.some(isOneTimeCode), others));
  });
  login.post(loginPath, async (c) => {
    const attempt = readAttempt(team, c);
    const method = attempt?.methods.find(isOneTimeCode);
    if (!attempt || !method) return unknownApplication(c);
    const form = await c.req.parseBody();
    const email = String(form.email ?? "").trim();
    const person = whoSignsIn(team, email, method);
    if (form.code === undefined) {
      if (allowing(team, attempt, person)) team.tickets.sendCode(email);
      return c.html(codePage(email, attempt.action, ""));
    }
    if (!team.tickets.takeCode(email, String(form.code).trim()))
      return c.html(codePage(email, attempt.action, "That code is wrong or has expired."), 401);
    return beginSession(team, c, attempt, person);
  });
  serveIdentityProviders(login, team);
  serveSecondFactor(login, team);
  serveSession(login, team);
  return login;
}

/** Takes a second factor from someone with the team's session. The rehearsal believes that they have what they enrolled. */
function serveSecondFactor(login: Hono, team: Team): void {
  login.post("/cdn-cgi/access/mfa/:hostname", async (c) => {
    const attempt = readAttempt(team, c);
    const who = await signedIn(team, c);
    if (!attempt || !who) return unknownApplication(c);
    const { authenticator } = await c.req.parseBody();
    const enrolled = team.traitsOf(who.person.email).authenticators ?? [];
    const given = enrolled.find((one) => one === authenticator);
    if (given) team.identities.proveFactor(who.nonce, given, team.account.now());
    return enter(team, c, attempt, who, given);
  });
}

/** The end of the team's session, and who it is. */
function serveSession(login: Hono, team: Team): void {
  login.get("/cdn-cgi/access/logout", async (c) => {
    const who = await signedIn(team, c);
    if (who) team.revocations.person(who.person.email);
    c.header("set-cookie", "CF_Authorization=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    return c.html(messagePage("You have been logged out", "Sessions in all applications have ended."));
  });
  login.get("/cdn-cgi/access/get-identity", async (c) => {
    const who = await signedIn(team, c);
    if (!who) return c.text("Unauthorized", 401);
    const method = team.account.identityProviders.get(who.person.loginMethod);
    return c.json({ email: who.person.email, idp: { id: method?.id, type: method?.sent.type } });
  });
  login.get("/rehearsal/inbox", (c) => {
    const email = c.req.query("email") ?? "";
    return c.html(inboxPage(email, team.tickets.codeFor(email)));
  });
}

const query = (c: Context): string => new URL(c.req.url).search;
