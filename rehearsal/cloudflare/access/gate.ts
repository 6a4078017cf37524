import type { AccessApp } from "../account.ts";
import { applicationFor } from "./applications.ts";
import { bindingCookie, cookiesOf, isBound, sessionCookie } from "./cookies.ts";
import { answerPreflight, corsHeaders } from "./cors.ts";
import { machineOf, passAsService } from "./machines.ts";
import { type EdgeRequest, type Passage, plain, through } from "./passage.ts";
import { asSeenNow } from "./people.ts";
import { decidingPolicy, holdsWhereItIs } from "./rules.ts";
import type { Team } from "./team.ts";

/** What Access says to a request. A hostname without an application is open, as it is in reality. */
export async function passGate(team: Team, request: EdgeRequest): Promise<Passage> {
  const path = request.target.split("?")[0] as string;
  const app = applicationFor(team.account, request.hostname, path);
  if (!app) return through();
  if (path === "/cdn-cgi/access/authorized") return finishLogin(team, request);
  if (path === "/cdn-cgi/access/logout") return logout(team, app, request);
  if (path === "/cdn-cgi/access/get-identity") return tellIdentity(team, app, request);
  if (isPreflight(request)) {
    if (app.sent.options_preflight_bypass) return through();
    const answer = answerPreflight(app, request);
    return answer ? { pass: false, answer } : plain(403, "Forbidden");
  }
  if (request.method === "OPTIONS" && app.sent.options_preflight_bypass) return through();

  const service = await passAsService(team, app, request);
  if (service) return service;
  if (decidingPolicy(team.account, app, {}, ["bypass"])) return through();
  const claims = await personOf(team, app, request);
  if (claims) {
    if (!holdsWhereItIs(team.account, app, asSeenNow(team, claims.person))) return plain(403, "Forbidden");
    const identity = {
      "cf-access-jwt-assertion": claims.jwt,
      "cf-access-authenticated-user-email": claims.person.email,
    };
    return through(identity, corsHeaders(app, request));
  }
  const machine = await machineOf(team, app, request);
  if (machine) return through({ "cf-access-jwt-assertion": machine });
  return sendToLogin(team, app, request);
}

const isPreflight = (request: EdgeRequest): boolean =>
  request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;

/** Who the session cookie says it is; a session that is over, revoked or another application's counts for nothing. */
async function personOf(team: Team, app: AccessApp, request: EdgeRequest) {
  for (const jwt of cookiesOf(request, "CF_Authorization")) {
    const claims = await team.tokens.read(jwt, "app", app.aud);
    const person = team.identities.find(claims?.identity_nonce);
    if (claims && person && !team.revocations.isRevoked(claims) && isBound(app, request, team.bindingOf(jwt)))
      return { jwt, ...claims, person };
  }
  return undefined;
}

/** Scripts that say they are scripts get a 401 they can read; everyone else is sent to the team's login page. */
function sendToLogin(team: Team, app: AccessApp, request: EdgeRequest): Passage {
  if (String(request.headers["x-requested-with"]).toLowerCase() === "xmlhttprequest")
    return plain(401, "Unauthorized");
  const login = new URL(`https://${team.account.teamDomain}/cdn-cgi/access/login/${request.hostname}`);
  login.searchParams.set("kid", app.aud);
  login.searchParams.set("redirect_url", request.target);
  return plain(302, "", {
    location: login.href,
    "www-authenticate": `Cloudflare-Access resource_metadata="https://${request.hostname}/.well-known/cloudflare-access-protected-resource/"`,
  });
}

async function finishLogin(team: Team, request: EdgeRequest): Promise<Passage> {
  const { searchParams } = new URL(request.target, `https://${request.hostname}`);
  const ticket = team.tickets.take(searchParams.get("nonce") ?? "", request.hostname);
  if (!ticket) return plain(400, "This login has expired. Please start again.");
  const app = applicationFor(team.account, request.hostname, ticket.path.split("?")[0] as string);
  if (!app) return plain(400, "This application is gone.");
  const session = sessionCookie(app, ticket.token);
  const binding = app.sent.enable_binding_cookie ? [bindingCookie(team.bindingOf(ticket.token))] : [];
  return plain(302, "", { location: ticket.path, "set-cookie": [session, ...binding] });
}

/** Ends the person's sessions in all applications. */
async function logout(team: Team, app: AccessApp, request: EdgeRequest): Promise<Passage> {
  const session = await personOf(team, app, request);
  if (session) team.revocations.person(session.person.email);
  return plain(302, "", {
    location: `https://${team.account.teamDomain}/cdn-cgi/access/logout`,
    "set-cookie": "CF_Authorization=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
  });
}

async function tellIdentity(team: Team, app: AccessApp, request: EdgeRequest): Promise<Passage> {
  const session = await personOf(team, app, request);
  if (!session) return plain(401, "Unauthorized");
  const { person, iat, sub } = session;
  const method = team.account.identityProviders.get(person.loginMethod);
  const identity = {
    email: person.email,
    iat,
    user_uuid: sub,
    geo: { country: asSeenNow(team, person).country },
    idp: { id: method?.id, type: method?.sent.type },
  };
  return plain(200, JSON.stringify(identity), { "content-type": "application/json" });
}
