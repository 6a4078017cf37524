import { randomUUID } from "node:crypto";
import { Collection, type Entry } from "./collection.ts";
import { hexId, timestamp } from "./identifiers.ts";
import { type AccountLimits, freePlan } from "./limits.ts";

/** A rule of Access: one key, such as `{"email": {"email": "a@example.com"}}`. */
export type Rule = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Include (any of), require (all of) and exclude (none of) of a policy or a group. */
export interface RuleSet {
  readonly include: readonly Rule[];
  readonly require: readonly Rule[];
  readonly exclude: readonly Rule[];
}

/** Fields that a client sent and that come back as they are. */
export type Sent = Readonly<Record<string, unknown>>;

export interface Tunnel extends Entry {
  readonly name: string;
  /** Base64 of what a connector proves itself with. */
  readonly secret: string;
  readonly createdAt: string;
  /** A deleted tunnel can still be read, with this time in it. */
  readonly deletedAt: string | null;
  /** Remote configuration; null until it is first put. */
  readonly config: Sent | null;
  readonly configVersion: number;
}

/** Where a VPC service leads: an address as seen by the connector, or a name for its resolver. */
export interface VpcHost {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly hostname?: string;
  readonly tunnelId: string;
}

export interface VpcService extends Entry {
  readonly name: string;
  readonly host: VpcHost;
  readonly port: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly sent: Sent;
}

export type Decision = "allow" | "deny" | "non_identity" | "bypass";

export interface AccessPolicy extends Entry {
  readonly name: string;
  readonly decision: Decision;
  readonly rules: RuleSet;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly sent: Sent;
}

export interface AccessGroup extends Entry {
  readonly name: string;
  readonly rules: RuleSet;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface AccessApp extends Entry {
  readonly name: string;
  readonly aud: string;
  /** Host names with an optional path, `*` allowed in a label; the first is its `domain`. */
  readonly uris: readonly string[];
  readonly policyIds: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly sent: Sent;
}

export interface ServiceToken extends Entry {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientSecretVersion: number;
  readonly previousSecret?: { readonly value: string; readonly expiresAt: number };
  readonly enabled: boolean;
  readonly duration: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What an upload binds into its Worker; `type` decides which other fields count. */
export type Binding = Readonly<Record<string, unknown>> & { readonly type: string; readonly name: string };

export interface ScriptModule {
  readonly name: string;
  readonly contentType: string;
  readonly content: Uint8Array;
}

export interface Script extends Entry {
  readonly etag: string;
  readonly mainModule: string;
  readonly modules: readonly ScriptModule[];
  readonly bindings: readonly Binding[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly migrationTag?: string;
  /** Whether its workers.dev name answers. */
  readonly enabled: boolean;
  readonly previewsEnabled: boolean;
  readonly schedules: readonly Sent[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly metadata: Sent;
}

export interface Zone extends Entry {
  readonly name: string;
}

export interface CustomDomain extends Entry {
  readonly hostname: string;
  readonly service: string;
  readonly zoneId: string;
  readonly environment: string;
}

/** A resource that the local Cloudflare keeps as it was sent: alerts, webhooks, login methods. */
export interface Kept extends Entry {
  /** It was there before any program came. */
  readonly preset?: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly sent: Sent;
}

/** Everything that one Cloudflare account holds. */
export interface Account {
  readonly id: string;
  /** Milliseconds since the epoch: the clock of sessions, codes, expiries and delays. */
  readonly now: () => number;
  readonly limits: AccountLimits;
  /** Whether someone has chosen a team name and a plan; every Access route refuses until then. */
  readonly zeroTrust: boolean;
  /** The name under workers.dev, and whether it has been registered yet. */
  readonly workersSubdomain: string;
  readonly hasWorkersSubdomain: boolean;
  readonly teamDomain: string;
  /** Addresses of the people who have a Cloudflare login for this account. */
  readonly members: readonly string[];
  /**
   * Whether a request with service token headers is judged by these alone: always so for organizations made since
   * 2026-10-05 (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/).
   */
  readonly strictServiceTokenAuth: boolean;
  readonly tunnels: Collection<Tunnel>;
  readonly vpcServices: Collection<VpcService>;
  readonly policies: Collection<AccessPolicy>;
  readonly groups: Collection<AccessGroup>;
  readonly apps: Collection<AccessApp>;
  readonly serviceTokens: Collection<ServiceToken>;
  readonly identityProviders: Collection<Kept>;
  readonly scripts: Collection<Script>;
  readonly customDomains: Collection<CustomDomain>;
  readonly alertPolicies: Collection<Kept>;
  readonly webhooks: Collection<Kept>;
  readonly zones: Collection<Zone>;
}

/** What an account is made with; ids and names are new at each call. */
export interface AccountOptions {
  /** False: Zero Trust has not been set up. True by default. */
  readonly zeroTrust?: boolean;
  /** Limits other than a free account's. */
  readonly limits?: Partial<AccountLimits>;
  /** False: the account has no name under workers.dev yet. True by default. */
  readonly workersSubdomain?: boolean;
  /** Milliseconds since the epoch; the machine's clock by default. Workers have that one in any case. */
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
    workersSubdomain: name,
    hasWorkersSubdomain: options.workersSubdomain ?? true,
    teamDomain: `${name}.cloudflareaccess.com`,
    members: options.members ?? ["owner@example.com"],
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
    zones: new Collection("zone"),
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
  for (const zone of options.zones ?? []) account.zones.put({ id: hexId(), name: zone });
  return account;
}

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
  ];
  const methods = account.identityProviders.list().filter((method) => !method.preset);
  return [
    ...live.map((tunnel) => `tunnel ${tunnel.name} (${tunnel.id})`),
    ...methods.map((method) => `identity provider ${method.name} (${method.id})`),
    ...collections.flatMap((all) => all.list().map((one) => `${all.kind} ${one.name ?? one.id} (${one.id})`)),
  ];
}
