import type { AccessApp } from "../account.ts";
import { cookiesOf, sessionCookie } from "./cookies.ts";
import { type EdgeRequest, type Passage, plain, through } from "./passage.ts";
import { decidingPolicy } from "./rules.ts";
import { checkServiceCredentials } from "./service-auth.ts";
import type { Team } from "./team.ts";

/**
 * A request with service token headers. In a strict organization these alone decide: 401 for a bad token, 403 for one
 * without a Service Auth policy, never a redirect and never a cookie. In an older one a failure falls through to the
 * login, unless the application asks for 401.
 */
export async function passAsService(
  team: Team,
  app: AccessApp,
  request: EdgeRequest,
): Promise<Passage | undefined> {
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

/**
 * The machine's cookie, which an older organization hands out and takes in place of the headers
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/).
 */
export async function machineOf(
  team: Team,
  app: AccessApp,
  request: EdgeRequest,
): Promise<string | undefined> {
  if (team.account.strictServiceTokenAuth) return undefined;
  for (const jwt of cookiesOf(request, "CF_Authorization")) {
    const claims = await team.tokens.read(jwt, "app", app.aud);
    if (claims?.common_name && !team.revocations.isRevoked(claims)) return jwt;
  }
  return undefined;
}
