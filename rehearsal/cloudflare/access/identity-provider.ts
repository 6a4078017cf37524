import type { Hono } from "hono";
import { readAttempt, unknownApplication } from "./login-attempt.ts";
import { vouchesFor } from "./login-methods.ts";
import { identityProviderPage } from "./pages.ts";
import { whoSignsIn } from "./people.ts";
import type { Team } from "./team.ts";
import { beginSession } from "./team-session.ts";

/**
 * The account's identity providers, played by the rehearsal: each asks who one is and believes it. The way back to
 * Access, which the real ones take by OAuth or SAML through `/cdn-cgi/access/callback`, is one step here.
 */
export function serveIdentityProviders(login: Hono, team: Team): void {
  const path = "/cdn-cgi/access/idp/:id/:hostname";
  login.get(path, (c) => {
    const attempt = readAttempt(team, c);
    const method = attempt?.methods.find(({ id }) => id === c.req.param("id"));
    if (!attempt || !method) return unknownApplication(c);
    return c.html(identityProviderPage(method.name ?? "", attempt.action, ""));
  });
  login.post(path, async (c) => {
    const attempt = readAttempt(team, c);
    const method = attempt?.methods.find(({ id }) => id === c.req.param("id"));
    if (!attempt || !method) return unknownApplication(c);
    const { email: given } = await c.req.parseBody();
    const email = String(given ?? "").trim();
    if (!/^[^@\s]+@[^@\s]+$/.test(email) || !vouchesFor(team.account, method, email))
      return c.html(identityProviderPage(method.name ?? "", attempt.action, "No such account."), 401);
    return beginSession(team, c, attempt, whoSignsIn(team, email, method));
  });
}
