import * as pulumi from "@pulumi/pulumi";
import {
  type CloudflareApi,
  CloudflareApiError,
  cloudflareOfStack,
  readCloudflare,
} from "./cloudflare-api.ts";
import { isPlaceholder } from "./ledger-class.ts";
import { Refusal } from "./refusal.ts";

/** A name that a resource is about to take in the account. */
export interface NameClaim {
  /** In a sentence: "tunnel", "Worker". */
  readonly kind: string;
  /** What must be free: the resource's name, or for an Access application its hostname. */
  readonly name: string;
  /** Where resources of this kind are read, below `/client/v4`; filtered by name where the API can. */
  readonly list: string;
  /** Which property of a listed resource is the name, and which its id. */
  readonly nameKey?: string;
  /** Whether a listed resource has the name, where no single property tells. */
  readonly holds?: (listed: Listed) => boolean;
  readonly idKey?: string;
  /** Where one resource of this kind is read and deleted. */
  readonly item: (id: string) => string;
  /** Its type at Pulumi and the name that this stack knows it by, where one that somebody made may become this stack's. */
  readonly adopt?: { readonly type: string; readonly as: string; readonly accountId: string };
  /** Whether what has the name is only something of ours that the create writes over. */
  readonly mayBeReplaced?: (api: CloudflareApi) => Promise<boolean>;
}

type Listed = Readonly<Record<string, unknown>>;

/**
 * Looks, when a resource is about to be created and only then, whether its name is free. A Worker's upload would
 * overwrite another one of the same name without a word; the rest is refused by Cloudflare, in words that name no way
 * out. An up that was cut, or whose answer got lost, leaves such a resource behind: it exists, and the state does not
 * know it.
 *
 * Service tokens are left out: theirs need not be unique, and a replacement (`--replace`) is how one is made anew.
 *
 * The look runs in the preview too, so that a clash is found before anything is built. There is no hook that explains a
 * refused create afterwards: the engine keeps the names of error hooks in the state, and where a destroy fails, which
 * runs no program, it then says that the hook is not registered and swallows Cloudflare's own words (v3.259, step.go).
 *
 * @returns a hook for before the resource's creation
 */
export function onlyIfFree(claim: NameClaim): pulumi.ResourceHook {
  const api = cloudflareOfStack();
  return new pulumi.ResourceHook(
    `name of the ${claim.kind} ${claim.name}`,
    ({ id }) => refuseTaken(claim, api, id),
    { onDryRun: true },
  );
}

/**
 * @param ownId of the resource that claims the name, when it exists already
 * @throws Refusal when there is another resource of this name
 */
export async function refuseTaken(claim: NameClaim, api: CloudflareApi, ownId?: string): Promise<void> {
  const { list, name, nameKey = "name", idKey = "id" } = claim;
  const holds = claim.holds ?? ((one: Listed) => one[nameKey] === name);
  const listed = await readCloudflare<Listed | Listed[]>(list, api).catch((error: Error): Listed[] => {
    // A Worker is asked for by its name and not looked for in a list.
    if (error instanceof CloudflareApiError && error.status === 404) return [];
    throw error;
  });
  const taken = [listed].flat().find((one) => holds(one) && one[idKey] !== ownId);
  if (!taken || (await claim.mayBeReplaced?.(api))) return;
  throw nameInUse(claim, taken, api);
}

function nameInUse(
  { kind, name, item, idKey = "id", adopt }: NameClaim,
  taken: Listed,
  api: CloudflareApi,
): Refusal {
  const id = String(taken[idKey]);
  const since = taken.created_at ?? taken.created_on;
  const age = since ? `, made ${since}` : "";
  const article = /^[AEIOU]/.test(kind) ? "an" : "a";
  if (adopt)
    return new Refusal(
      "CLOUDFLARE_NAME_IN_USE",
      `the account has ${article} ${kind} "${taken.name}" already, which this stack did not make or does not remember (id ${id}${age})`,
      "take it over, and the next up changes it to what the config says; a destroy of this stack then deletes it:",
      `  npx pulumi import --yes --protect=false --generate-code=false ${adopt.type} '${adopt.as}' accounts/${adopt.accountId}/${id}`,
      "or leave it: gateways name it as it is, without its entry in this stack's config",
    );
  return new Refusal(
    "CLOUDFLARE_NAME_IN_USE",
    `the account has ${article} ${kind} ${name} already, which this stack did not make or does not remember (id ${id}${age})`,
    "is it left over from an up of this stack that was cut short? delete it, then run npx pulumi up again:",
    `  ${deletion(`${api.baseUrl}${item(id)}`)}`,
    "is it anything else? leave it, and give this stack another name: npx pulumi stack rename NAME",
  );
}

/** The token comes by the shell's own printf: in curl's arguments any user of the machine could read it. */
const deletion = (url: string): string =>
  `printf 'Authorization: Bearer %s' "$CLOUDFLARE_API_TOKEN" | curl -sS -X DELETE -H @- '${url}'`;

/** The claims of a stack's resources, by what they are. */
export const claims = {
  tunnel: (accountId: string, name: string): NameClaim => ({
    kind: "tunnel",
    name,
    list: `/accounts/${accountId}/cfd_tunnel?name=${encodeURIComponent(name)}&is_deleted=false`,
    item: (id) => `/accounts/${accountId}/cfd_tunnel/${id}`,
  }),
  vpcService: (accountId: string, name: string): NameClaim => ({
    kind: "VPC service",
    name,
    // It knows no filter by name. A guess: that a page may be so long; on a shorter one Cloudflare refuses the create.
    list: `/accounts/${accountId}/connectivity/directory/services?per_page=1000`,
    idKey: "service_id",
    item: (id) => `/accounts/${accountId}/connectivity/directory/services/${id}`,
  }),
  application: (accountId: string, hostname: string): NameClaim => ({
    kind: "Access application for",
    name: hostname,
    holds: (app) =>
      app.domain === hostname ||
      (app.self_hosted_domains as string[] | undefined)?.includes(hostname) === true,
    list: `/accounts/${accountId}/access/apps?domain=${encodeURIComponent(hostname)}`,
    item: (id) => `/accounts/${accountId}/access/apps/${id}`,
  }),
  accessGroup: (accountId: string, name: string, as: string): NameClaim => ({
    kind: "Access group",
    name,
    list: `/accounts/${accountId}/access/groups?per_page=1000`,
    item: (id) => `/accounts/${accountId}/access/groups/${id}`,
    adopt: { type: "cloudflare:index/zeroTrustAccessGroup:ZeroTrustAccessGroup", as, accountId },
  }),
  /** An account has one one-time PIN, whatever it is called. One of another type is another one: types do not change. */
  loginMethod: (accountId: string, name: string, type: string, as: string): NameClaim => ({
    kind: type === "onetimepin" ? "one-time PIN (there can be one)" : "login method",
    name,
    holds: (method) => method.type === type && (type === "onetimepin" || method.name === name),
    list: `/accounts/${accountId}/access/identity_providers?per_page=1000`,
    item: (id) => `/accounts/${accountId}/access/identity_providers/${id}`,
    adopt: {
      type: "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider",
      as,
      accountId,
    },
  }),
  kvNamespace: (accountId: string, title: string): NameClaim => ({
    kind: "KV namespace",
    name: title,
    nameKey: "title",
    list: `/accounts/${accountId}/storage/kv/namespaces?per_page=1000`,
    item: (id) => `/accounts/${accountId}/storage/kv/namespaces/${id}`,
  }),
  worker: (accountId: string, name: string): NameClaim => ({
    kind: "Worker",
    name,
    nameKey: "id",
    list: `/accounts/${accountId}/workers/services/${name}`,
    item: (id) => `/accounts/${accountId}/workers/scripts/${id}`,
    mayBeReplaced: (api) => isPlaceholder(accountId, name, api),
  }),
} as const;
