import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import { Refusal } from "./refusal.ts";

/** What a free account may have of each, and where it is counted. A paid one has more, so only "full" is certain there. */
const limits = [
  { what: "Workers", most: 100, path: "/workers/scripts" },
  { what: "Access service tokens", most: 50, path: "/access/service_tokens?per_page=1000" },
  { what: "Access applications", most: 500, path: "/access/apps?per_page=1000" },
] as const;
const cronTriggers = 5;

/** How much of a limit is used. */
export interface Use {
  readonly what: string;
  readonly used: number;
  readonly most: number;
}

/** Counts what the account has of what it may have few of. Cron triggers are counted Worker by Worker. */
export async function countAccount(accountId: string, api: CloudflareApi): Promise<Use[]> {
  const lists = await Promise.all(
    limits.map(({ path }) => readCloudflare<{ id: string }[]>(`/accounts/${accountId}${path}`, api)),
  );
  const schedules = await Promise.all(
    (lists[0] ?? []).map(({ id }) =>
      readCloudflare<{ schedules: unknown[] }>(`/accounts/${accountId}/workers/scripts/${id}/schedules`, api),
    ),
  );
  return [
    ...limits.map(({ what, most }, index) => ({ what, most, used: lists[index]?.length ?? 0 })),
    {
      what: "cron triggers",
      most: cronTriggers,
      used: schedules.reduce((sum, one) => sum + one.schedules.length, 0),
    },
  ];
}

/**
 * What there is to say before the shared stack takes one Worker and one cron trigger of the account.
 *
 * @param own whether the stack's probe is there already, and so counted
 * @returns a warning for each limit of the free plan that is nearly reached
 * @throws Refusal where a free account has no room left
 */
export function judge(uses: readonly Use[], own: boolean, plan: "free" | "paid"): string[] {
  const needed: Readonly<Record<string, number>> = own ? {} : { Workers: 1, "cron triggers": 1 };
  const full = uses.filter(({ what, used, most }) => used + (needed[what] ?? 0) > most);
  if (full.length > 0 && plan === "free") {
    throw new Refusal(
      "ACCOUNT_FULL",
      "the account has no room for the shared stack under the free plan's limits:",
      ...full.map(({ what, used, most }) => `${what}: ${used} of ${most}`),
      "delete what is not needed, or on a paid plan: npx pulumi config set --path openclaw-gateway:shared.plan paid",
    );
  }
  return uses
    .filter(({ used, most }) => used >= most * 0.8)
    .map(({ what, used, most }) => `the account has ${used} of the ${most} ${what} of the free plan`);
}
