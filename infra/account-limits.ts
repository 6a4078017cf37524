import { type CloudflareApi, listCloudflare, readCloudflare } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import { baseName, probeName } from "./names.ts";
import { Refusal } from "./refusal.ts";
import { lookup } from "./shared-lookups.ts";

/** What the account pays for. On `enterprise` Cloudflare has raised limits for this one account, nobody else knows which. */
export const PLANS = ["free", "paid", "enterprise"] as const;
export type Plan = (typeof PLANS)[number];

/**
 * How many of each an account may have, and where its own are found. No API that the program's token may ask tells the
 * plan, so the config does. The plan is Workers': of the others an account may have as many whatever it pays for them
 * (https://developers.cloudflare.com/cloudflare-one/account-limits/,
 * https://developers.cloudflare.com/workers/platform/limits/,
 * https://developers.cloudflare.com/workers-vpc/reference/limits/).
 */
const KINDS = {
  Workers: {
    most: { free: 100, paid: 500 },
    list: "/workers/scripts",
    nameKey: "id",
    page: "dash:workers-and-pages",
  },
  "service tokens": { most: 50, list: "/access/service_tokens", page: "one.dash:access/service-auth" },
  "Access applications": { most: 500, list: "/access/apps", page: "one.dash:access/apps" },
  "Access policies": { most: 500, list: "/access/policies", page: "one.dash:access/policies" },
  "Access groups": { most: 300, list: "/access/groups", page: "one.dash:access/groups" },
  "login methods": { most: 50, list: "/access/identity_providers", page: "one.dash:settings/authentication" },
  tunnels: { most: 1000, list: "/cfd_tunnel?is_deleted=false", page: "one.dash:networks/tunnels" },
  "VPC services": { most: 1000, list: "/connectivity/directory/services", page: "dash:workers/vpc" },
  // Counted Worker by Worker: no list has them all.
  "cron triggers": { most: { free: 5, paid: 250 }, page: "dash:workers-and-pages" },
} as const satisfies Record<string, KindOfResource>;

interface KindOfResource {
  /** By plan, or on every plan. */
  readonly most: number | { readonly free: number; readonly paid: number };
  readonly list?: string;
  readonly nameKey?: string;
  /** Where in the dashboard one is deleted. */
  readonly page: string;
}

export type Kind = keyof typeof KINDS;

/** How many of a kind an account may have; of an enterprise's, how many it may have at least. */
export function mostOf(kind: Kind, plan: Plan): number {
  const { most }: KindOfResource = KINDS[kind];
  return typeof most === "number" ? most : most[plan === "free" ? "free" : "paid"];
}

/** Such as "100 Workers of the free plan", or "50 service tokens of an account". */
const limitInWords = (kind: Kind, plan: Plan): string =>
  `${mostOf(kind, plan)} ${kind} of ${typeof KINDS[kind].most === "number" ? "an account" : `the ${plan === "free" ? "free" : "paid"} plan`}`;

/** Names of resources by their kind. Of cron triggers, the Worker's that each calls. */
export type Names = Readonly<Partial<Record<Kind, readonly string[]>>>;
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
export const usesOf = (held: Names, wanted: Names, plan: Plan = "free"): Use[] =>
  allKinds.flatMap((what) => {
    const names = held[what];
    if (!names) return [];
    const there = new Set(names);
    const added = (wanted[what] ?? []).filter((name) => !there.has(name));
    return [{ what, used: names.length, most: mostOf(what, plan), added }];
  });

/** An account that has more of something than its plan allows has had that limit raised. */
const isFull = ({ what, used, added }: Use, plan: Plan): boolean => {
  const most = mostOf(what, plan);
  return added.length > 0 && used <= most && used + added.length > most;
};

/** A sentence for each limit of the plan that would be passed. */
export const shortages = (uses: readonly Use[], plan: Plan): string[] =>
  uses
    .filter((use) => isFull(use, plan))
    .map(
      ({ what, used, added }) =>
        `the account has ${used} of the ${limitInWords(what, plan)}, and ${added.length} more would be made`,
    );

/**
 * Refuses what the account has no room for, before anything is made. Where Cloudflare has raised limits for the
 * account, it has the last word.
 *
 * @returns a note for each limit of the plan that is nearly reached
 * @throws Refusal that lists every limit that would be passed
 */
export function judge(uses: readonly Use[], accountId: string, plan: Plan): string[] {
  const full = uses.filter((use) => isFull(use, plan));
  if (full.length > 0 && plan !== "enterprise") throw accountFull(full, accountId, plan);
  return uses
    .filter(({ what, used, added }) => used + added.length >= mostOf(what, plan) * 0.8)
    .map(({ what, used }) => `the account has ${used} of the ${limitInWords(what, plan)}`);
}

function accountFull(full: readonly Use[], accountId: string, plan: Plan): Refusal {
  const pays = plan === "free" && full.some(({ what }) => mostOf(what, "paid") > mostOf(what, "free"));
  return new Refusal(
    "ACCOUNT_FULL",
    "the account has no room for what this stack would make:",
    ...full.map(
      ({ what, used, added }) =>
        `${used} of the ${limitInWords(what, plan)}, and ${added.length} more: ${added.join(", ")}. Delete what nobody needs: ${pageOf(what, accountId)}`,
    ),
    "is one of them a stack's that nobody needs any more? npm run family -- remove STACK frees all that it has",
    ...(pays ? ["is the account on Workers' paid plan? npx pulumi config set plan paid"] : []),
    "has Cloudflare raised the limit for this account? npx pulumi config set plan enterprise",
  );
}

/** What a look for room has found. */
export interface Room {
  /** A note for each limit that this stack brings near, and for each name that is there more than once. */
  readonly notes: readonly string[];
  /** Whether anything of the stack is still to be made. */
  readonly makes: boolean;
}

/** Of these Cloudflare takes two with one name, so a create whose answer was lost is done again and leaves one behind. */
const mayBeTwice = ["service tokens", "Access policies"] as const satisfies Kind[];

/** A note for each name of the stack's that the account has more than once. */
export const leftOver = (held: Names, wanted: Names, accountId: string): string[] =>
  mayBeTwice.flatMap((what) =>
    (wanted[what] ?? []).flatMap((name) => {
      const count = held[what]?.filter((one) => one === name).length ?? 0;
      return count < 2
        ? []
        : [
            `LEFT_OVER: the account has ${count} ${what} with the name ${name}, of which the stack has one; what was made and whose answer got lost is left behind like this. Which one the stack has: npx pulumi stack --show-ids. Delete the others: ${pageOf(what, accountId)}`,
          ];
    }),
  );

/**
 * Looks whether the account has room for what a gateway's stack has not made yet, and whether it has anything twice.
 *
 * @throws Refusal
 */
export async function lookForRoom(
  stack: string,
  config: Pick<GatewayConfig, "accountId" | "plan" | "workerName" | "serviceTokens" | "tunnel">,
  api: CloudflareApi,
): Promise<Room> {
  const { accountId, plan } = config;
  const wanted = namesOfGateway(stack, config);
  const read = () => readHeld(accountId, kindsOfGateways, api);
  const lacking = (held: Names) => usesOf(held, wanted, plan).filter(({ added }) => added.length > 0);
  let isNew = false;
  const held = await lookup(`room ${api.baseUrl} ${api.token} ${accountId}`, () => {
    isNew = true;
    return read();
  });
  // Of many stacks, the ones before have taken some since they were listed: who takes more lists anew.
  const uses = lacking(held).length === 0 || isNew ? lacking(held) : lacking(await read());
  return {
    notes: [...judge(uses, accountId, plan), ...leftOver(held, wanted, accountId)],
    makes: uses.length > 0,
  };
}

function pageOf(what: Kind, accountId: string): string {
  const [place, path] = KINDS[what].page.split(":");
  return `https://${place}.cloudflare.com/${accountId}/${path}`;
}
