import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import {
  type ListedGroup,
  type ListedMethod,
  listBeforeChange,
  refuseOpenGroups,
  refusePublicProviders,
} from "./access-look.ts";
import { Names, renamed } from "./access-names.ts";
import { type People, rulesOf } from "./access-rules.ts";
import { adoptable } from "./adoptable.ts";
import type { CloudflareApi } from "./cloudflare-api.ts";
import type { SharedConfig } from "./config.ts";
import { claims, onlyIfFree } from "./free-name.ts";

type Shared = Pick<SharedConfig["shared"], "groups" | "loginMethods">;
type LoginMethod = Shared["loginMethods"][number];

/** A group whose rules name the stack's own groups and login methods by name, and what else the account has by id. */
export type FoundGroup = People<string> & { readonly name: string };

/**
 * Finds what the groups' rules name, and refuses a group that takes people whom nobody has named, as for a gateway's own
 * people. The account is asked only where there is a group.
 *
 * @throws Refusal
 */
export async function findGroups(
  accountId: string,
  { groups, loginMethods }: Shared,
  api: CloudflareApi,
): Promise<FoundGroup[]> {
  if (groups.length === 0) return [];
  const [listedGroups, listedMethods] = await Promise.all([
    listBeforeChange<ListedGroup[]>(accountId, "groups", api),
    listBeforeChange<ListedMethod[]>(accountId, "identity_providers", api),
  ]);
  // The stack's own first: where an up has made them the account has them too.
  const ownGroups = new Map(
    groups.map(({ name, everyone }): [string, ListedGroup] => [
      name,
      { id: name, name, include: everyone === undefined ? [] : [{ everyone: {} }] },
    ]),
  );
  const ownMethods = new Map(
    loginMethods.map(({ name, type }): [string, ListedMethod] => [name, { id: name, name, type }]),
  );
  const names = new Names(listedGroups, listedMethods);
  const found = groups.map(({ name, ...people }) => ({
    name,
    ...renamed(
      people,
      (group) => ownGroups.get(group)?.id ?? names.idOf("group", group),
      (method) => ownMethods.get(method)?.id ?? names.idOf("login method", method),
    ),
  }));
  names.refuseMissing(accountId);
  const allGroups = [...ownGroups.values(), ...listedGroups];
  const allMethods = [...ownMethods.values(), ...listedMethods];
  for (const [index, people] of found.entries()) {
    if (people.everyone !== undefined) continue;
    const where = `shared.groups[${index}]`;
    refusePublicProviders(allMethods, people, accountId, where);
    refuseOpenGroups(allGroups, allMethods, people, accountId, where);
  }
  return found;
}

export interface SharedPeopleArgs {
  readonly accountId: string;
  readonly groups: readonly FoundGroup[];
  readonly loginMethods: readonly LoginMethod[];
}

type Ids = Readonly<Record<string, pulumi.Output<string>>>;

/** The account's login methods and Access groups that gateways' stacks name. */
export class SharedPeople extends pulumi.ComponentResource {
  /** Ids by name. */
  readonly loginMethods: Ids;
  readonly groups: Ids;
  readonly #name: string;
  readonly #args: SharedPeopleArgs;
  readonly #made = new Map<string, cloudflare.ZeroTrustAccessGroup>();

  constructor(name: string, args: SharedPeopleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:SharedPeople", name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.loginMethods = Object.fromEntries(
      args.loginMethods.map((method) => [method.name, this.createLoginMethod(method).id]),
    );
    this.groups = Object.fromEntries(args.groups.map((group) => [group.name, this.group(group).id]));
    this.registerOutputs({ loginMethods: this.loginMethods, groups: this.groups });
  }

  private createLoginMethod(method: LoginMethod) {
    const { accountId } = this.#args;
    const { name, type } = method;
    const as = `${this.#name}-login-${name}`;
    const nameIsFree = onlyIfFree(claims.loginMethod(accountId, name, type, as));
    return new cloudflare.ZeroTrustAccessIdentityProvider(
      as,
      { accountId, name, type, config: settingsOf(method) },
      { parent: this, ...adoptable, hooks: { beforeCreate: [nameIsFree] } },
    );
  }

  /** The group, made after those that it names; the config has refused one that is in itself. */
  private group(group: FoundGroup): cloudflare.ZeroTrustAccessGroup {
    const made = this.#made.get(group.name) ?? this.createGroup(group);
    this.#made.set(group.name, made);
    return made;
  }

  private createGroup({ name, ...people }: FoundGroup) {
    const { accountId, groups } = this.#args;
    const idOf = (named: string): pulumi.Input<string> => {
      const own = groups.find((one) => one.name === named);
      return own ? this.group(own).id : named;
    };
    const rules = rulesOf(renamed(people, idOf, (method) => this.loginMethods[method] ?? method));
    const as = `${this.#name}-group-${name}`;
    const nameIsFree = onlyIfFree(claims.accessGroup(accountId, name, as));
    return new cloudflare.ZeroTrustAccessGroup(
      as,
      { accountId, name, ...rules },
      { parent: this, ...adoptable, hooks: { beforeCreate: [nameIsFree] } },
    );
  }
}

/** What the provider is told of a login method. Of what its type does not have, nothing. */
function settingsOf({ name: _name, type, clientSecret, scopes, ...settings }: LoginMethod) {
  return {
    ...settings,
    ...(clientSecret !== undefined && { clientSecret: pulumi.secret(clientSecret) }),
    ...(type === "oidc" && { scopes }),
  };
}
