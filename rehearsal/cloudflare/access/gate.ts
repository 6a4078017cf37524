import type { AccessApp } from "../account.ts";
import { applicationFor } from "./applications.ts";
import { cookiesOf, sessionCookie } from "./cookies.ts";
import { answerPreflight, corsHeaders } from "./cors.ts";
import { decidingPolicy, holdsWhereItIs } from "./rules.ts";
import { checkServiceCredentials } from "./service-auth.ts";
import type { Team } from "./team.ts";

/** A request as it came to the edge. */
export interface EdgeRequest {
  readonly method: string;
  readonly hostname: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, duplicates kept. */
  readonly rawHeaders: readonly string[];
}

/** An answer that the edge gives itself. */
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Let through, with headers for the Worker and for the client; or answered. */
export type Passage =
  | {
      readonly pass: true;
      readonly identity: Record<string, string>;
      readonly answerHeaders: Record<string, string>;
    }
  | { readonly pass: false; readonly answer: EdgeAnswer };

const plain = (status: number, body: string, headers: Record<string, string> = {}): Passage => ({
  pass: false,
  answer: {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
    body,
  },
});
const through = (
  identity: Record<string, string> = {},
  answerHeaders: Record<string, string> = {},
): Passage => ({
  pass: true,
  identity,
  answerHeaders,
});

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
    if (!holdsWhereItIs(team.account, app, { ...claims.person, ...team.client }))
      return plain(403, "Forbidden");
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

/**
 * A request with service token headers. In a strict organization these alone decide: 401 for a bad token, 403 for one
 * without a Service Auth policy, never a redirect and never a cookie. In an older one a failure falls through to the
 * login, unless the application asks for 401.
 */
async function passAsService(team: Team, app: AccessApp, request: EdgeRequest): Promise<Passage | undefined> {
  const credentials = checkServiceCredentials(team.account, request.rawHeaders);
  if (credentials.kind === "none") return undefined;
  const strict = team.account.strictServiceTokenAuth;
  const refuse = (status: number, body: string) =>
    strict
      ? plain(status, body)
      : app.sent.service_auth_401_redirect
        ? plain(401, "Unauthorized")
        : undefined;
  if (credentials.kind === "invalid") return refuse(401, "Unauthorized");
  const { token } = credentials;
  const policy = decidingPolicy(team.account, app, { token }, ["bypass", "non_identity"]);
  if (!policy) return refuse(403, "Forbidden");
  if (policy.decision === "bypass") return through();
  const jwt = await team.tokens.forService(app, policy, token);
  const cookie: Record<string, string> = strict ? {} : { "set-cookie": sessionCookie(app, jwt) };
  return through({ "cf-access-jwt-assertion": jwt }, cookie);
}

/** Who the session cookie says it is; a session that is over, revoked or another application's counts for nothing. */
async function personOf(team: Team, app: AccessApp, request: EdgeRequest) {
  for (const jwt of cookiesOf(request, "CF_Authorization")) {
    const claims = await team.tokens.read(jwt, "app", app.aud);
    const person = team.identities.find(claims?.identity_nonce);
    if (claims && person && !team.revocations.isRevoked(claims)) return { jwt, ...claims, person };
  }
  return undefined;
}

/**
 * The machine's cookie, which an older organization hands out and takes in place of the headers
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/).
 */
async function machineOf(team: Team, app: AccessApp, request: EdgeRequest): Promise<string | undefined> {
  if (team.account.strictServiceTokenAuth) return undefined;
  for (const jwt of cookiesOf(request, "CF_Authorization")) {
    const claims = await team.tokens.read(jwt, "app", app.aud);
    if (claims?.common_name && !team.revocations.isRevoked(claims)) return jwt;
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
  return plain(302, "", { location: ticket.path, "set-cookie": sessionCookie(app, ticket.token) });
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
    geo: { country: team.client.country },
    idp: { id: method?.id, type: method?.sent.type },
  };
  return plain(200, JSON.stringify(identity), { "content-type": "application/json" });
}
