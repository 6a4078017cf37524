import { createHash } from "node:crypto";
import type { Context } from "hono";
import { cookiesOf } from "./cookies.ts";
import type { Attempt } from "./login-attempt.ts";
import { forbiddenPage } from "./pages.ts";
import { type Authenticator, asSeenNow } from "./people.ts";
import { decidingPolicy, type Person } from "./rules.ts";
import { askSecondFactor } from "./second-factor.ts";
import type { Team } from "./team.ts";

/** Someone with the team's own session, and the nonce of their login. */
export interface SignedIn {
  readonly person: Person;
  readonly nonce: string;
}

/** Who the team's session cookie says it is. */
export async function signedIn(team: Team, c: Context): Promise<SignedIn | undefined> {
  for (const jwt of cookiesOf({ headers: { cookie: c.req.header("cookie") } }, "CF_Authorization")) {
    const claims = await team.tokens.read(jwt, "org", team.account.teamDomain);
    const person = team.identities.find(claims?.identity_nonce);
    if (claims && person && !team.revocations.isRevoked(claims))
      return { person: asSeenNow(team, person), nonce: String(claims.identity_nonce) };
  }
  return undefined;
}

/** Begins the team's session for someone who has proved who they are, and takes them to the application. */
export async function beginSession(
  team: Team,
  c: Context,
  attempt: Attempt,
  person: Person,
): Promise<Response> {
  const nonce = team.identities.remember(person);
  const session = await team.tokens.forTeam(person, subjectOf(person.email), nonce);
  c.header("set-cookie", `CF_Authorization=${session}; Path=/; Secure; HttpOnly; SameSite=Lax`);
  return enter(team, c, attempt, { person, nonce });
}

/**
 * Hands an application's token over to its host, for someone whom a policy allows and who owes no second factor. Addresses
 * are looked at here alone.
 *
 * @param given the second factor that they have just given
 */
export async function enter(
  team: Team,
  c: Context,
  attempt: Attempt,
  who: SignedIn,
  given?: Authenticator,
): Promise<Response> {
  const { app, hostname, path } = attempt;
  const { person, nonce } = who;
  const policy = allowing(team, attempt, person);
  if (!policy) return c.html(forbiddenPage(person.email, hostname), 403);
  const owed = askSecondFactor(team, c, { app, policy }, attempt, who, given);
  if (owed) return owed;
  const token = await team.tokens.forPerson(app, policy, person, subjectOf(person.email), nonce);
  const id = team.tickets.issue({ hostname, token, path });
  return c.redirect(`https://${hostname}/cdn-cgi/access/authorized?nonce=${id}`);
}

/** The Allow policy that lets someone in, unless one that blocks comes before it. */
export function allowing(team: Team, { app }: Attempt, person: Person) {
  const policy = decidingPolicy(team.account, app, { person }, ["allow", "deny"]);
  return policy?.decision === "allow" ? policy : undefined;
}

/** A person keeps the same subject (a UUID) in every token. */
function subjectOf(email: string): string {
  const hash = createHash("sha256").update(email.toLowerCase()).digest("hex");
  const bounds = [0, 8, 12, 16, 20, 32];
  return bounds
    .slice(1)
    .map((end, index) => hash.slice(bounds[index], end))
    .join("-");
}
