import { type ListedGroup, type ListedMethod, listOfAccess } from "./access-look.ts";
import type { People } from "./access-rules.ts";
import type { CloudflareApi } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import { isId } from "./config-access-rules.ts";
import type { ErrorCode } from "./error-codes.ts";
import { Refusal } from "./refusal.ts";

/** The same people, with something else in each place that names a group or a login method. */
export const renamed = <T>(
  { emails, emailDomains, everyone, require, exclude, ...people }: People<string>,
  group: (name: string) => T,
  method: (name: string) => T,
): People<T> => ({
  emails,
  emailDomains,
  groups: people.groups.map(group),
  identityProviders: people.identityProviders.map(method),
  ...(everyone !== undefined && { everyone }),
  require: { ...require, groups: require.groups.map(group) },
  exclude: { ...exclude, groups: exclude.groups.map(group) },
});

type Kind = "group" | "login method";
interface Listed {
  readonly id: string;
  readonly name?: string;
}

/** Finds ids by names, and remembers what was not found. */
export class Names {
  readonly #listed: Readonly<Record<Kind, readonly Listed[]>>;
  readonly #missing = new Map<string, { kind: Kind; name: string; ids: readonly string[] }>();

  constructor(groups: readonly Listed[], methods: readonly Listed[]) {
    this.#listed = { group: groups, "login method": methods };
  }

  /** An id as it is; the id of what has the name. */
  readonly idOf = (kind: Kind, name: string): string => {
    if (isId(name)) return name;
    const ids = this.#listed[kind].filter((one) => one.name === name).map(({ id }) => id);
    if (ids.length !== 1) this.#missing.set(`${kind} ${name}`, { kind, name, ids });
    return ids[0] ?? name;
  };

  /** @throws Refusal that lists every name that nothing has, or several things have */
  refuseMissing(accountId: string): void {
    const missing = [...this.#missing.values()];
    const [first] = missing;
    if (!first) return;
    const code: ErrorCode = missing.some(({ kind }) => kind === "group") ? "ACCESS_GROUP" : "ACCESS_PROVIDER";
    const lines = missing.flatMap(({ kind, name, ids }) =>
      ids.length > 1
        ? [`${ids.length} of its ${kind}s are called "${name}": name one by its id, ${ids.join(" or ")}`]
        : [
            `it has no ${kind} "${name}"; it has ${namesOf(this.#listed[kind])}`,
            `  declared in the shared stack? build that first: npx pulumi up --stack SHARED; else: ${pages[kind](accountId)}`,
          ],
    );
    throw new Refusal(
      code,
      `the config names ${missing.map(({ kind, name }) => `the ${kind} "${name}"`).join(" and ")}, and the account does not have just one of that name`,
      ...lines,
    );
  }
}

const pages = {
  group: (accountId: string) => `https://one.dash.cloudflare.com/${accountId}/access/groups`,
  "login method": (accountId: string) =>
    `https://one.dash.cloudflare.com/${accountId}/settings/authentication`,
};

const namesOf = (listed: readonly Listed[]): string =>
  listed.map(({ name, id }) => (name ? `"${name}"` : id)).join(", ") || "none";

/**
 * Puts ids where the config has names. The account is asked for what the config names, and for nothing else.
 *
 * @throws Refusal
 */
export async function findNames(
  accountId: string,
  people: GatewayConfig["access"],
  api: CloudflareApi,
): Promise<GatewayConfig["access"]> {
  const groups = [...people.groups, ...people.require.groups, ...people.exclude.groups];
  const methods = [...people.identityProviders, ...people.loginMethods];
  const list = <T>(kind: "groups" | "identity_providers", named: readonly string[]) =>
    named.every(isId) ? [] : listOfAccess<T[]>(accountId, kind, api);
  const [listedGroups, listedMethods] = await Promise.all([
    list<ListedGroup>("groups", groups),
    list<ListedMethod>("identity_providers", methods),
  ]);
  const names = new Names(listedGroups, listedMethods);
  const byId = (kind: Kind) => (name: string) => names.idOf(kind, name);
  const found = {
    ...people,
    ...renamed(people, byId("group"), byId("login method")),
    loginMethods: people.loginMethods.map(byId("login method")),
  };
  names.refuseMissing(accountId);
  return found;
}
