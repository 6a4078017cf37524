import { createHmac, randomBytes } from "node:crypto";
import type { Account } from "../account.ts";
import { createIdentities, type Identities } from "./identities.ts";
import { createSigningKeys, type SigningKeys } from "./keys.ts";
import type { Traits } from "./people.ts";
import { createRevocations, type Revocations } from "./revocation.ts";
import { createTickets, type Tickets } from "./tickets.ts";
import { createTokenIssuer, type TokenIssuer } from "./tokens.ts";

/** What the parts of Access share: the account's rules, the team's keys, and who is signed in. */
export interface Team {
  readonly account: Account;
  readonly keys: SigningKeys;
  readonly tokens: TokenIssuer;
  readonly revocations: Revocations;
  readonly tickets: Tickets;
  readonly identities: Identities;
  /** What a session's binding cookie has to say. */
  bindingOf(jwt: string): string;
  /** How the world sees every client of the rehearsal. */
  readonly client: { ip: string; country: string };
  /** What is said of a person; nothing of most. */
  traitsOf(email: string): Traits;
  /** Says what a person has and where they are, from now on. */
  describe(email: string, traits: Traits): void;
}

/** A team with new keys and nobody signed in. */
export async function createTeam(account: Account, client: Team["client"]): Promise<Team> {
  const keys = await createSigningKeys(account.teamDomain);
  const bindingKey = randomBytes(32);
  const people = new Map<string, Traits>();
  return {
    account,
    keys,
    tokens: createTokenIssuer(account.teamDomain, keys, account.now),
    revocations: createRevocations(account.now),
    tickets: createTickets(account.now),
    identities: createIdentities(),
    client: { ...client },
    bindingOf: (jwt) => createHmac("sha256", bindingKey).update(jwt).digest("hex"),
    traitsOf: (email) => people.get(email.toLowerCase()) ?? {},
    describe: (email, traits) => void people.set(email.toLowerCase(), traits),
  };
}
