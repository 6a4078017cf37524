import type { Collection, Entry } from "./collection.ts";
import type { AccountLimits } from "./limits.ts";

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

/** The objects of one class of a script; all of them store in SQLite. */
export interface ObjectNamespace {
  readonly id: string;
  readonly className: string;
}

export interface Script extends Entry {
  readonly etag: string;
  readonly mainModule: string;
  readonly modules: readonly ScriptModule[];
  readonly bindings: readonly Binding[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly migrationTag?: string;
  readonly objectNamespaces: readonly ObjectNamespace[];
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
  /** Pending until the domain's registrar points to Cloudflare's name servers. */
  readonly status: "active" | "pending";
}

/** A record of a zone that somebody made; those of custom domains come with these. */
export interface DnsRecord extends Entry {
  readonly zoneId: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

export interface CustomDomain extends Entry {
  readonly hostname: string;
  readonly service: string;
  readonly zoneId: string;
  readonly environment: string;
}

/** A resource that the local Cloudflare keeps as it was sent: alerts, webhooks, login methods, KV namespaces. */
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
  /** Milliseconds since the epoch: the clock of sessions, codes, expiries, delays and rate limits. */
  readonly now: () => number;
  readonly limits: AccountLimits;
  /** Whether someone has chosen a team name and a plan; every Access route refuses until then. */
  readonly zeroTrust: boolean;
  /** Whether one of its zones is on the Pro plan or above, as webhooks of notifications want. */
  readonly paidZone: boolean;
  /** The name under workers.dev, and whether it has been registered yet. */
  readonly workersSubdomain: string;
  readonly hasWorkersSubdomain: boolean;
  readonly teamDomain: string;
  /** Addresses of the people who have a Cloudflare login for this account. */
  readonly members: readonly string[];
  /** Device posture checks that someone has made. */
  readonly postures: readonly { readonly id: string; readonly name: string }[];
  /** Second factors that Access may ask for itself (independent MFA); none until someone turns it on. */
  readonly authenticators: readonly string[];
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
  readonly kvNamespaces: Collection<Kept>;
  readonly zones: Collection<Zone>;
  readonly dnsRecords: Collection<DnsRecord>;
}
