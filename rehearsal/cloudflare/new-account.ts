import { randomUUID } from "node:crypto";
import type { Account, Zone } from "./account.ts";
import { Collection, type Entry } from "./collection.ts";
import { hexId, timestamp } from "./identifiers.ts";
import { type AccountLimits, freePlan } from "./limits.ts";

/** What an account is made with; ids and names are new at each call. */
export interface AccountOptions {
  /** False: Zero Trust has not been set up. True by default. */
  readonly zeroTrust?: boolean;
  /** Limits other than a free account's. */
  readonly limits?: Partial<AccountLimits>;
  /** True: one of its zones is on a paid plan, so that notifications may go to webhooks. False by default. */
  readonly paidZone?: boolean;
  /** False: the account has no name under workers.dev yet. True by default. */
  readonly workersSubdomain?: boolean;
  /** Milliseconds since the epoch; the machine's clock by default. Workers have that one in any case, but for the periods of their rate limits. */
  readonly now?: () => number;
  /** Zones that are in the account already, by name. None by default. */
  readonly zones?: readonly string[];
  /**
   * Types of the login methods that the account has already: the one-time code by default. An organization made since
   * 2026-06-18 begins with `cloudflare` alone, which knows the account's members and nobody else, until someone adds
   * the one-time code (https://developers.cloudflare.com/cloudflare-one/integrations/identity-providers/one-time-pin/).
   */
  readonly loginMethods?: readonly string[];
  readonly members?: readonly string[];
  /** Device posture checks that someone has made, by name. None by default. */
  readonly postures?: readonly string[];
  /** Zones whose domain does not point here yet, by name. None by default. */
  readonly pendingZones?: readonly string[];
  /** Second factors that someone has let Access ask for itself, such as `totp`. None by default. */
  readonly authenticators?: readonly string[];
  /** An organization from before 2026-10-05 when false. Strict by default. */
  readonly strictServiceTokenAuth?: boolean;
}

const loginMethodNames: Readonly<Record<string, string>> = {
  onetimepin: "One-time PIN",
  cloudflare: "Cloudflare",
};

/** A new, empty account. */
export function createAccount(options: AccountOptions = {}): Account {
  const name = `rehearsal-${hexId().slice(0, 4)}`;
  const now = options.now ?? Date.now;
  const account: Account = {
    id: hexId(),
    now,
    limits: { ...freePlan, ...options.limits },
    zeroTrust: options.zeroTrust ?? true,
    paidZone: options.paidZone ?? false,
    workersSubdomain: name,
    hasWorkersSubdomain: options.workersSubdomain ?? true,
    teamDomain: `${name}.cloudflareaccess.com`,
    postures: (options.postures ?? []).map((posture) => ({ id: randomUUID(), name: posture })),
    members: options.members ?? ["owner@example.com"],
    authenticators: options.authenticators ?? [],
    strictServiceTokenAuth: options.strictServiceTokenAuth ?? true,
    tunnels: new Collection("tunnel"),
    vpcServices: new Collection("VPC service"),
    policies: new Collection("Access policy", now),
    groups: new Collection("Access group", now),
    apps: new Collection("Access application", now),
    serviceTokens: new Collection("service token"),
    identityProviders: new Collection("identity provider"),
    scripts: new Collection("script"),
    customDomains: new Collection("custom domain"),
    alertPolicies: new Collection("notification policy"),
    webhooks: new Collection("webhook"),
    kvNamespaces: new Collection("KV namespace"),
    zones: new Collection("zone"),
    dnsRecords: new Collection("DNS record"),
  };
  for (const type of options.loginMethods ?? ["onetimepin"]) {
    const sent = { name: loginMethodNames[type] ?? type, type, config: {} };
    const time = timestamp();
    account.identityProviders.put({
      id: randomUUID(),
      name: sent.name,
      preset: true,
      createdAt: time,
      updatedAt: time,
      sent,
    });
  }
  for (const zone of options.zones ?? []) addZone(account, zone);
  for (const zone of options.pendingZones ?? []) addZone(account, zone, "pending");
  return account;
}

/** @returns the new zone's id */
export const addZone = (account: Account, name: string, status: Zone["status"] = "active"): string =>
  account.zones.put({ id: hexId(), name, status }).id;

/** One line for each resource that exists, but for zones and what else the account began with. */
export function describeResources(account: Account): string[] {
  const live = account.tunnels.list().filter((tunnel) => tunnel.deletedAt === null);
  const collections: Collection<Entry>[] = [
    account.vpcServices,
    account.policies,
    account.groups,
    account.apps,
    account.serviceTokens,
    account.scripts,
    account.customDomains,
    account.alertPolicies,
    account.webhooks,
    account.kvNamespaces,
  ];
  const methods = account.identityProviders.list().filter((method) => !method.preset);
  return [
    ...live.map((tunnel) => `tunnel ${tunnel.name} (${tunnel.id})`),
    ...methods.map((method) => `identity provider ${method.name} (${method.id})`),
    ...collections.flatMap((all) => all.list().map((one) => `${all.kind} ${one.name ?? one.id} (${one.id})`)),
  ];
}
