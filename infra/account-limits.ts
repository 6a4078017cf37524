import { type CloudflareApi, listCloudflare, readCloudflare } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import { baseName, probeName } from "./names.ts";
import { Refusal } from "./refusal.ts";
import { lookup } from "./shared-lookups.ts";

/**
 * What a free account may have of each, and where its own are found
 * (https://developers.cloudflare.com/cloudflare-one/account-limits/,
 * https://developers.cloudflare.com/workers/platform/limits/,
 * https://developers.cloudflare.com/workers-vpc/reference/limits/).
 */
const KINDS = {
  Workers: { most: 100, list: "/workers/scripts", nameKey: "id", page: "dash:workers-and-pages" },
  "service tokens": { most: 50, list: "/access/service_tokens", page: "one.dash:access/service-auth" },
  "Access applications": { most: 500, list: "/access/apps", page: "one.dash:access/apps" },
  "Access policies": { most: 500, list: "/access/policies", page: "one.dash:access/policies" },
  "Access groups": { most: 300, list: "/access/groups", page: "one.dash:access/groups" },
  "login methods": { most: 50, list: "/access/identity_providers", page: "one.dash:settings/authentication" },
  tunnels: { most: 1000, list: "/cfd_tunnel?is_deleted=false", page: "one.dash:networks/tunnels" },
  "VPC services": { most: 1000, list: "/connectivity/directory/services", page: "dash:workers/vpc" },
  // Counted Worker by Worker: no list has them all.
  "cron triggers": { most: 5, page: "dash:workers-and-pages" },
} as const satisfies Record<string, KindOfResource>;

interface KindOfResource {
  readonly most: number;
  readonly list?: string;
  readonly nameKey?: string;
  /** Where in the dashboard one is deleted. */
  readonly page: string;
}

export type Kind = keyof typeof KINDS;
/** Names of resources by their kind. Of cron triggers, the Worker's that each calls. */
export type Names = Readonly<Partial<Record<Kind, readonly string[]>>>;
export type Plan = "free" | "paid";

/** How much of a limit is used, and by how much a stack would add to it. */
export interface Use {
  readonly what: Kind;
  readonly used: number;
  readonly most: number;
  /** Names of what is wanted and not there yet. */
  readonly added: readonly string[];
}

/** What a gateway's stack has in the account. */
export function namesOfGateway(
  stack: string,
  gateway: {
    readonly workerName?: string;
    readonly serviceTokens: readonly { readonly name: string }[];
    readonly tunnel?: { readonly id?: string };
  },
): Names {
  const base = baseName(stack);
  const tokens = gateway.serviceTokens.map(({ name }) => name);
  return {
    Workers: [gateway.workerName || base],
    "service tokens": tokens.map((name) => `${base}-${name}`),
    "Access applications": [base],
    "Access policies": [`${base}-people`, ...tokens.map((name) => `${base}-service-${name}`)],
    tunnels: gateway.tunnel?.id ? [] : [base],
    "VPC services": [base],
  };
}

type Named = readonly { readonly name: string }[];

/** What a shared stack has of it; without webhooks there is no probe. */
export function namesOfShared(
  stack: string,
  shared: {
    readonly alerts?: { readonly webhooks?: readonly unknown[] };
    readonly groups?: Named;
    readonly loginMethods?: Named;
  },
): Names {
  const probe = (shared.alerts?.webhooks ?? []).length > 0 ? [probeName(stack)] : [];
  const names = (list: Named = []) => list.map(({ name }) => name);
  return {
    Workers: probe,
    "cron triggers": probe,
    "Access groups": names(shared.groups),
    "login methods": names(shared.loginMethods),
  };
}

/** What a shared stack has an eye on. */
export const allKinds = Object.keys(KINDS) as Kind[];
/** What gateways' stacks take of. */
export const kindsOfGateways = allKinds.filter(
  (kind) => !["cron triggers", "Access groups", "login methods"].includes(kind),
);

/** Lists the names of what the account has. Cron triggers cost a call for each of its Workers. */
export async function readHeld(
  accountId: string,
  kinds: readonly Kind[],
  api: CloudflareApi,
): Promise<Names> {
  const account = `/accounts/${accountId}`;
  const namesOf = async (kind: Kind): Promise<string[]> => {
    const { list, nameKey = "name" }: KindOfResource = KINDS[kind];
    if (list) {
      const listed = await listCloudflare<Record<string, unknown>>(`${account}${list}`, api);
      return listed.map((one) => String(one[nameKey]));
    }
    const scripts = await listCloudflare<{ id: string }>(`${account}/workers/scripts`, api);
    const schedules = scripts.map(async ({ id }) => {
      const path = `${account}/workers/scripts/${id}/schedules`;
      return (await readCloudflare<{ schedules: unknown[] }>(path, api)).schedules.map(() => id);
    });
    return (await Promise.all(schedules)).flat();
  };
  return Object.fromEntries(
    await Promise.all(kinds.map(async (kind) => [kind, await namesOf(kind)] as const)),
  );
}

/** Sets what is wanted against what is there. */
export const usesOf = (held: Names, wanted: Names): Use[] =>
  allKinds.flatMap((what) => {
    const names = held[what];
    if (!names) return [];
    const there = new Set(names);
    const added = (wanted[what] ?? []).filter((name) => !there.has(name));
    return [{ what, used: names.length, most: KINDS[what].most, added }];
  });

/** An account that has more than a free one may is not a free one. */
const isFull = ({ used, most, added }: Use): boolean =>
  added.length > 0 && used <= most && used + added.length > most;

/** A sentence for each limit of a free account that would be passed. */
export const shortages = (uses: readonly Use[]): string[] =>
  uses
    .filter(isFull)
    .map(
      ({ what, used, most, added }) =>
        `the account has ${used} of the ${most} ${what} of a free plan, and ${added.length} more would be made`,
    );

/**
 * Refuses what the account has no room for, before anything is made. On a paid plan limits are higher and can be raised
 * for an account, so there Cloudflare has the last word.
 *
 * @returns a note for each limit of the free plan that is nearly reached
 * @throws Refusal that lists every limit that would be passed
 */
export function judge(uses: readonly Use[], accountId: string, plan: Plan): string[] {
  const full = uses.filter(isFull);
  if (full.length > 0 && plan === "free")
    throw new Refusal(
      "ACCOUNT_FULL",
      "the account has no room, by the free plan's limits, for what this stack would make:",
      ...full.map(
        ({ what, used, most, added }) =>
          `${what}: ${used} of ${most}, and ${added.length} more: ${added.join(", ")}. Delete what nobody needs: ${pageOf(what, accountId)}`,
      ),
      "is one of them a stack's that nobody needs any more? npm run family -- remove STACK frees all that it has",
      "is the account on a paid plan? npx pulumi config set plan paid",
    );
  return uses
    .filter(({ used, most, added }) => used + added.length >= most * 0.8)
    .map(({ what, used, most }) => `the account has ${used} of the ${most} ${what} of the free plan`);
}

/**
 * Looks whether the account has room for what a gateway's stack has not made yet.
 *
 * @returns a note for each limit that this brings near
 * @throws Refusal
 */
export async function lookForRoom(
  stack: string,
  config: Pick<GatewayConfig, "accountId" | "plan" | "workerName" | "serviceTokens" | "tunnel">,
  api: CloudflareApi,
): Promise<string[]> {
  const { accountId, plan } = config;
  const wanted = namesOfGateway(stack, config);
  const read = () => readHeld(accountId, kindsOfGateways, api);
  const lacking = (held: Names) => usesOf(held, wanted).filter(({ added }) => added.length > 0);
  let isNew = false;
  const held = await lookup(`room ${api.baseUrl} ${api.token} ${accountId}`, () => {
    isNew = true;
    return read();
  });
  // Of many stacks, the ones before have taken some since they were listed: who takes more lists anew.
  const uses = lacking(held).length === 0 || isNew ? lacking(held) : lacking(await read());
  return judge(uses, accountId, plan);
}

function pageOf(what: Kind, accountId: string): string {
  const [place, path] = KINDS[what].page.split(":");
  return `https://${place}.cloudflare.com/${accountId}/${path}`;
}
