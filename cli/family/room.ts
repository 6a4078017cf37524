import type { CloudflareApi } from "../../infra/cloudflare-api.ts";
import { readCloudflare } from "../../infra/cloudflare-api.ts";
import type { StackOfFamily } from "./household.ts";
import { settingsIn } from "./stack-file.ts";

/** What an account may have few of, with what a stack's own are called there. */
const FEW = [
  { what: "Workers", most: 100, list: "/workers/scripts", nameKey: "id" },
  { what: "service tokens", most: 50, list: "/access/service_tokens?per_page=1000", nameKey: "name" },
] as const;

type Listed = Readonly<Record<string, unknown>>;

/**
 * Looks whether the account has room for stacks that are to be built, by a free account's limits
 * (https://developers.cloudflare.com/workers/platform/limits/, https://developers.cloudflare.com/cloudflare-one/account-limits/).
 * A paid one may have more, so this only warns; Cloudflare refuses what is too much.
 *
 * @returns a sentence for each limit that would be passed
 */
export async function roomProblems(
  stacks: readonly StackOfFamily[],
  accountId: string,
  api: CloudflareApi,
): Promise<string[]> {
  const wanted = await namesOf(stacks, accountId);
  const lists = await Promise.all(
    FEW.map(({ list }) => readCloudflare<Listed[]>(`/accounts/${accountId}${list}`, api)),
  );
  return FEW.flatMap(({ what, most, nameKey }, index) => {
    const there = new Set((lists[index] ?? []).map((one) => String(one[nameKey])));
    const added = wanted[what].filter((name) => !there.has(name)).length;
    return added > 0 && there.size + added > most
      ? [
          `the account has ${there.size} ${what}, and these stacks want ${added} more; a free account may have ${most}`,
        ]
      : [];
  });
}

/** What the stacks' Workers and service tokens in this account are called. */
async function namesOf(stacks: readonly StackOfFamily[], accountId: string) {
  const files = await Promise.all(
    stacks.map(async ({ name, file }) => ({ name, ...(await settingsIn(file)) })),
  );
  const inAccount = files.filter((one) => one.accountId === accountId);
  return {
    Workers: inAccount.map(({ name, workerName }) => workerName || `openclaw-${name}`),
    "service tokens": inAccount.flatMap(({ name, serviceTokens = [{ name: "cli" }] }) =>
      serviceTokens.map((token) => `openclaw-${name}-${token.name}`),
    ),
  };
}
