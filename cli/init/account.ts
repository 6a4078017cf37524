import {
  type CloudflareApi,
  CloudflareApiError,
  publicApi,
  readCloudflare,
} from "../../infra/cloudflare-api.ts";
import { configSchema } from "../../infra/config.ts";
import { limitedLogins } from "../../infra/login-methods.ts";
import { lookAtAccount, verifyToken } from "../../infra/preflight.ts";
import { Refusal } from "../../infra/refusal.ts";
import { type ApiToken, apiTokenAtHand, askApiToken } from "./api-token.ts";
import type { Person } from "./person.ts";
import { isRefusal, type Setup, wrongBy } from "./setup.ts";
import type { Stored } from "./stored.ts";

/** The account that the stack is built in, looked at. */
export interface CloudflareAccount {
  readonly token: ApiToken;
  /** The API as the token asks it. */
  readonly api: CloudflareApi;
  readonly accountId: string;
  /** Where the token's permissions are changed. */
  readonly tokenPage: string;
  /** `TEAM.cloudflareaccess.com`, where people log in. */
  readonly teamDomain: string;
  /** NAME in NAME.workers.dev. */
  readonly workersSubdomain: string;
  /** What keeps those from logging in who are to, when something does. */
  readonly limitedLogins: string | undefined;
}

const accountId = configSchema.shape.accountId;

/**
 * Gets a token and an account that go together and have all that the program needs. A person can mend what is missing
 * in the dashboard and look again, or give another token or account.
 */
export async function chooseAccount(setup: Setup, stored: Stored): Promise<CloudflareAccount> {
  const { options, person } = setup;
  person?.heading("Cloudflare");
  let token: ApiToken | undefined;
  let account = options.accountId ?? (stored.values.accountId as string | undefined);
  let atHand = () => apiTokenAtHand(options, stored);
  let explain = true;
  for (;;) {
    try {
      token ??= (await atHand()) ?? (person && (await askApiToken(person, { explain })));
      if (!token) throw new Error("no token, and nobody to ask");
      const login = loginWith(token, stored);
      account ??= await pickAccount(setup, login);
      const wrong = wrongBy(accountId, account);
      if (wrong)
        throw new Refusal("ACCOUNT_ID", `${JSON.stringify(account)} is no account id; wanted: ${wrong}`);
      return { token, api: login, accountId: account, ...(await look(setup, account, login)) };
    } catch (error) {
      if (!person || !isRefusal(error)) throw error;
      person.warn((error as Error).message);
      atHand = async () => undefined;
      explain = false;
      if (!token) continue;
      const next = await nextTry(person, account !== undefined);
      if (next === "token") token = undefined;
      if (next === "account") account = await askAccountId(person);
    }
  }
}

const nextTry = (person: Person, hasAccount: boolean) =>
  person.choose({
    message: "What now?",
    choices: [
      { value: "again", name: "Look again: I have mended it" },
      { value: "token", name: "Another API token" },
      ...(hasAccount ? [{ value: "account", name: "Another account" }] : []),
    ],
  });

function loginWith({ value }: ApiToken, { baseUrl }: Stored) {
  const base = baseUrl ?? process.env.CLOUDFLARE_BASE_URL ?? publicApi;
  return { baseUrl: base.replace(/\/$/, ""), token: value };
}

type Login = ReturnType<typeof loginWith>;

function look({ progress }: Setup, id: string, login: Login) {
  return progress.step("looking at the Cloudflare account", async (detail) => {
    const api = { ...login, onWait: detail };
    const facts = await lookAtAccount(id, api);
    return { ...facts, limitedLogins: await limitedLogins(id, api) };
  });
}

/** The accounts that a user's token opens, to choose from; a token of an account is not told any. */
async function pickAccount({ person, progress }: Setup, login: Login): Promise<string> {
  const accounts = await progress.step("looking which accounts the token opens", () => listAccounts(login));
  const [first, ...others] = accounts;
  if (first && others.length === 0) {
    person?.tell(`The token opens one account: ${first.name}`);
    return first.id;
  }
  if (!person)
    throw new Refusal(
      "ACCOUNT_ID",
      first ? "the token opens several accounts" : "the token does not tell its account",
      ["name one: --account-id ID", ...accounts.map(({ id, name }) => `${id}  ${name}`)].join("\n  "),
    );
  if (!first) return askAccountId(person);
  return person.choose({
    message: "Which account?",
    choices: accounts.map(({ id, name }) => ({ value: id, name: `${name} (${id})` })),
  });
}

/** None where the token is an account's own, or, having no prefix, may be one: the look at the account then says what is wrong. */
async function listAccounts(login: Login): Promise<{ id: string; name: string }[]> {
  if (login.token.startsWith("cfat_")) return [];
  const isUsers = login.token.startsWith("cfut_");
  if (isUsers) await verifyToken("", login);
  try {
    return await readCloudflare("/accounts", login);
  } catch (error) {
    const refused = error instanceof CloudflareApiError && [400, 401, 403].includes(error.status ?? 0);
    if (refused && !isUsers) return [];
    throw error;
  }
}

const askAccountId = (person: Person): Promise<string> =>
  person.text({
    message: "Account id (the 32 digits in the address of its dashboard)",
    wrong: (answer) => wrongBy(accountId, answer),
  });
