import { type TokenPermission, tokenPermissions } from "../contract/permissions.ts";
import { type CloudflareApi, CloudflareApiError, readCloudflare } from "./cloudflare-api.ts";
import { type Missing, missingPermission, refuse, tokenPage } from "./missing.ts";
import { Refusal } from "./refusal.ts";

/** What the look at the account has found. */
export interface AccountFacts {
  /** NAME in NAME.workers.dev. */
  readonly workersSubdomain: string;
  /** `TEAM.cloudflareaccess.com`, where people log in. */
  readonly teamDomain: string;
  /** Where in the dashboard the API token's permissions are changed. */
  readonly tokenPage: string;
}

/** A token of the account itself lives elsewhere (https://developers.cloudflare.com/fundamentals/api/get-started/account-owned-tokens/). */
const accountTokenPage = (accountId: string) => `https://dash.cloudflare.com/${accountId}/api-tokens`;

/**
 * Looks at the token and the account before anything is created, with reads alone, all side by side: the token is good
 * and may do what reads can prove, the account is there, Zero Trust and workers.dev are set up.
 *
 * @throws Refusal that lists all that is missing
 * @throws CloudflareApiError when Cloudflare cannot be asked
 */
export async function lookAtAccount(
  accountId: string,
  api: CloudflareApi,
  permissions: readonly TokenPermission[] = tokenPermissions,
): Promise<AccountFacts> {
  const kind = await verifyToken(accountId, api);
  const page = kind === "account" ? accountTokenPage(accountId) : tokenPage;
  const proofs = permissions.filter((permission) => permission.proof !== undefined);
  const answers = await Promise.all(proofs.map((permission) => prove(accountId, permission, api)));
  if (answers.every((answer) => answer.refused)) throw wrongAccount(accountId);

  // Whoever may not even read lacks all of that name: for Connectivity Directory those are two.
  const refused = new Set(proofs.filter((_, index) => answers[index]?.refused).map(({ name }) => name));
  const lacking = permissions.filter(({ name }) => refused.has(name));
  const missing = lacking.map((permission) => missingPermission(permission, page));
  if (answers.some((answer) => answer.zeroTrustOff)) missing.push(zeroTrustOff(accountId));
  const found: Proof = Object.assign({}, ...answers);
  if (answers.some((answer) => answer.noSubdomain)) missing.push(noWorkersName(accountId));
  refuse(missing);
  return { workersSubdomain: found.subdomain ?? "", teamDomain: found.teamDomain ?? "", tokenPage: page };
}

type TokenState = { readonly status: "active" | "disabled" | "expired" };

/**
 * User and account tokens are verified at addresses of their own, each of which refuses the other kind. The prefix tells
 * them apart (https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/); tokens made before 2026
 * have none, so they are tried at both.
 *
 * @param accountId not looked at for a token that shows to be a user's
 * @throws Refusal when it is unknown, expired or disabled
 */
export async function verifyToken(accountId: string, api: CloudflareApi): Promise<"user" | "account"> {
  const paths = { user: "/user/tokens/verify", account: `/accounts/${accountId}/tokens/verify` };
  const kinds: ("user" | "account")[] = api.token.startsWith("cfut_")
    ? ["user"]
    : api.token.startsWith("cfat_")
      ? ["account"]
      : ["user", "account"];
  for (const kind of kinds) {
    try {
      const { status } = await readCloudflare<TokenState>(paths[kind], api);
      if (status !== "active")
        throw sleepingToken(status, kind === "user" ? tokenPage : accountTokenPage(accountId));
      return kind;
    } catch (error) {
      // Known, and refused for where it is used from: at the other address it would be too.
      if (error instanceof CloudflareApiError && error.code === "CLOUDFLARE_TOKEN_ADDRESS") throw error;
      if (!(error instanceof CloudflareApiError) || ![400, 401, 403, 404].includes(error.status ?? 0))
        throw error;
    }
  }
  const other = kinds[0] === "account" && kinds.length === 1;
  throw new Refusal(
    "CLOUDFLARE_TOKEN_INVALID",
    `Cloudflare does not know this API token${other ? ` in the account ${accountId}` : ""}: it was copied in part, rolled or deleted${other ? ", or it is another account's" : ""}`,
    `make a new one at ${other ? accountTokenPage(accountId) : tokenPage}, then: export CLOUDFLARE_API_TOKEN=...`,
    "or, when it is kept in the stack: npx pulumi config set --secret cloudflare:apiToken",
  );
}

const sleepingToken = (status: "disabled" | "expired", page: string): Refusal =>
  status === "expired"
    ? new Refusal(
        "CLOUDFLARE_TOKEN_EXPIRED",
        "the API token is past its end date",
        `move the date (${page}, Edit, TTL): the token stays the same; or make a new one`,
      )
    : new Refusal(
        "CLOUDFLARE_TOKEN_DISABLED",
        "the API token has been switched off",
        `switch it on (${page}, Enable): the token stays the same; or make a new one`,
      );

interface Proof {
  readonly refused?: boolean;
  readonly zeroTrustOff?: boolean;
  readonly noSubdomain?: boolean;
  readonly subdomain?: string;
  readonly teamDomain?: string;
}

/** Codes as public reports have them: 9999 and its words before Zero Trust is set up, 10007 before workers.dev is. */
async function prove(accountId: string, { proof }: TokenPermission, api: CloudflareApi): Promise<Proof> {
  try {
    const result = await readCloudflare<{ subdomain?: string; auth_domain?: string } | null>(
      `/accounts/${accountId}${proof}`,
      api,
    );
    if (proof === "/workers/subdomain")
      return result?.subdomain ? { subdomain: result.subdomain } : { noSubdomain: true };
    if (proof !== "/access/organizations") return {};
    return result?.auth_domain ? { teamDomain: result.auth_domain } : { zeroTrustOff: true };
  } catch (error) {
    if (!(error instanceof CloudflareApiError)) throw error;
    if (error.codes.includes(9999) || error.message.includes("not_enabled")) return { zeroTrustOff: true };
    if (proof === "/workers/subdomain" && error.codes.includes(10007)) return { noSubdomain: true };
    // 7003 "could not route": the account id is none (https://developers.cloudflare.com/api/).
    if ([401, 403].includes(error.status ?? 0) || error.codes.includes(7003)) return { refused: true };
    throw error;
  }
}

const zeroTrustOff = (accountId: string): Missing => ({
  code: "CLOUDFLARE_ZERO_TRUST_OFF",
  what: "Zero Trust, which Access belongs to, is not set up in the account",
  mend: `open https://one.dash.cloudflare.com/${accountId}, choose a team name and the free plan (it asks for a payment method and takes nothing)`,
});

const noWorkersName = (accountId: string): Missing => ({
  code: "CLOUDFLARE_WORKERS_NAME_MISSING",
  what: "the account has no workers.dev name yet, which the gateway's address ends in",
  mend: `open https://dash.cloudflare.com/${accountId}/workers-and-pages once: it offers a name`,
});

const wrongAccount = (accountId: string): Refusal =>
  new Refusal(
    "CLOUDFLARE_ACCOUNT_WRONG",
    `the API token is good, but opens nothing in the account ${accountId}`,
    "is this the account's id? it stands in the address of its dashboard: npx pulumi config set accountId ID",
    "does the token name this account under Account Resources, with the permissions of the README?",
  );
