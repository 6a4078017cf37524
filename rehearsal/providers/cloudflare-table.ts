import type { Method } from "./cloudflare-api.ts";
import type { Renames } from "./names.ts";
import type { Properties } from "./protocol.ts";

/** As the SDK's documentation of each kind has it, `ID` being the resource's own. */
export type ImportId = "ACCOUNT/ID" | "accounts/ACCOUNT/ID";

/** What the stand-in must know of one kind of Cloudflare resource. */
export interface Definition {
  /** Where it lives; `{name}` is an input in the SDK's spelling, `{id}` the resource's own id. */
  readonly collection: string;
  /** One item's path, `{collection}/{id}` unless told. */
  readonly item?: string;
  /** How it is created and updated, POST and PUT unless told; `delete: false` when the API has no such call. */
  readonly create?: Method;
  readonly createAt?: "collection" | "item";
  readonly update?: Method;
  readonly updateAt?: "collection" | "item";
  readonly delete?: false;
  /** The API's property that is the resource's id (`id` unless told), or an input that serves as one. */
  readonly id?: { readonly answer: string } | { readonly input: string };
  readonly required: readonly string[];
  /** Inputs of which a program sets all or none. */
  readonly together?: readonly string[];
  /** Values the real provider's schema fills in for a program that says nothing. */
  readonly defaults?: Properties;
  /** Outputs besides the inputs. */
  readonly computed: readonly string[];
  /** Computed outputs an update is known to leave alone; a preview of one shows the others as unknown. */
  readonly stable?: readonly string[];
  /** Inputs and outputs the API never tells again: the recorded value stands. */
  readonly writeOnly?: readonly string[];
  /** Inputs that stay as they are recorded while a program does not say them, unless this one changes: computed ones. */
  readonly kept?: { readonly inputs: readonly string[]; readonly unlessChanged: string };
  /** Inputs without a default: what somebody set by hand shows as a change where the program says nothing of them. */
  readonly noticed?: readonly string[];
  /** Inputs that make it another resource, besides the account and the zone. */
  readonly replaceOn?: readonly string[];
  /** Inputs that are part of the path and not of the body, besides the account and the zone. */
  readonly pathOnly?: readonly string[];
  /**
   * How `pulumi import` writes the id of one, and the inputs that it reads; without it there is no import here. `told`
   * are names of the API inside of these that no program sets.
   */
  readonly import?: {
    readonly id: ImportId;
    readonly inputs: readonly string[];
    readonly told?: readonly string[];
  };
  readonly renames?: Renames;
  /** The body when it is one input alone instead of an object of all. */
  readonly bodyOf?: string;
}

const rules: Renames = { includes: "include", excludes: "exclude", requires: "require" };
const account = "/accounts/{accountId}";

/**
 * The kinds by type token. Paths, methods and bodies are those recorded from the real provider 6.22; names and
 * secrets those of its SDK; `replaceOn`, `stable`, `together` and `defaults` are the RequiresReplace, UseStateForUnknown,
 * AlsoRequires and Default of terraform-provider-cloudflare 5 (schema.go of each service); `noticed` are Optional there,
 * and what is empty or off is the same as nothing (normalizations.go).
 */
export const definitions: Readonly<Record<string, Definition>> = {
  "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": {
    collection: `${account}/cfd_tunnel`,
    update: "patch",
    required: ["accountId", "name"],
    defaults: { configSrc: "local" },
    computed: [
      "accountTag",
      "connections",
      "connsActiveAt",
      "connsInactiveAt",
      "createdAt",
      "deletedAt",
      "metadata",
      "remoteConfig",
      "status",
      "tunType",
    ],
    writeOnly: ["tunnelSecret"],
    replaceOn: ["configSrc"],
    import: { id: "ACCOUNT/ID", inputs: ["configSrc", "name"] },
  },
  "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig": {
    collection: `${account}/cfd_tunnel/{tunnelId}/configurations`,
    item: `${account}/cfd_tunnel/{tunnelId}/configurations`,
    create: "put",
    delete: false,
    id: { input: "tunnelId" },
    required: ["accountId", "tunnelId"],
    computed: ["createdAt", "version"],
    replaceOn: ["tunnelId"],
    pathOnly: ["tunnelId"],
    renames: { ingresses: "ingress" },
  },
  "cloudflare:index/connectivityDirectoryService:ConnectivityDirectoryService": {
    collection: `${account}/connectivity/directory/services`,
    id: { answer: "service_id" },
    required: ["accountId", "host", "name", "type"],
    computed: ["createdAt", "serviceId", "updatedAt"],
    stable: ["serviceId"],
    import: { id: "ACCOUNT/ID", inputs: ["host", "httpPort", "httpsPort", "name", "type"] },
  },
  "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": {
    collection: `${account}/access/policies`,
    required: ["accountId", "decision", "name"],
    defaults: { sessionDuration: "24h" },
    computed: ["appCount", "createdAt", "reusable", "updatedAt"],
    noticed: [
      "approvalRequired",
      "excludes",
      "isolationRequired",
      "mfaConfig",
      "purposeJustificationRequired",
      "requires",
    ],
    renames: rules,
  },
  "cloudflare:index/zeroTrustAccessGroup:ZeroTrustAccessGroup": {
    collection: `${account}/access/groups`,
    required: ["includes", "name"],
    computed: [],
    noticed: ["excludes", "requires"],
    import: { id: "accounts/ACCOUNT/ID", inputs: ["excludes", "includes", "name", "requires"] },
    renames: rules,
  },
  "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider": {
    collection: `${account}/access/identity_providers`,
    required: ["config", "name", "type"],
    computed: ["samlCertificateSet", "scimConfig"],
    writeOnly: ["clientSecret"],
    replaceOn: ["type"],
    import: { id: "accounts/ACCOUNT/ID", inputs: ["config", "name", "type"], told: ["redirect_url"] },
  },
  "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": {
    collection: `${account}/access/service_tokens`,
    required: ["name"],
    defaults: { clientSecretVersion: 1, duration: "8760h" },
    computed: ["clientId", "clientSecret", "expiresAt"],
    stable: ["clientId", "clientSecret"],
    together: ["clientSecretVersion", "previousClientSecretExpiresAt"],
    writeOnly: ["clientSecret", "clientSecretVersion", "previousClientSecretExpiresAt"],
    import: { id: "accounts/ACCOUNT/ID", inputs: ["duration", "name"] },
  },
  "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": {
    collection: `${account}/access/apps`,
    required: [],
    defaults: { sessionDuration: "24h", appLauncherVisible: true, httpOnlyCookieAttribute: true },
    computed: ["aud", "destinations", "selfHostedDomains"],
    stable: ["aud"],
    noticed: [
      "allowAuthenticateViaWarp",
      "allowIframe",
      "allowedIdps",
      "autoRedirectToIdentity",
      "corsHeaders",
      "customDenyMessage",
      "customDenyUrl",
      "customNonIdentityDenyUrl",
      "enableBindingCookie",
      "mfaConfig",
      "optionsPreflightBypass",
      "pathCookieAttribute",
      "readServiceTokensFromHeader",
      "sameSiteCookieAttribute",
      "serviceAuth401Redirect",
      "skipInterstitial",
    ],
    // modifyPlanForDomains of its plan_modifiers.go
    kept: { inputs: ["destinations"], unlessChanged: "domain" },
    import: {
      id: "accounts/ACCOUNT/ID",
      inputs: [
        "allowedIdps",
        "appLauncherVisible",
        "autoRedirectToIdentity",
        "corsHeaders",
        "destinations",
        "domain",
        "enableBindingCookie",
        "httpOnlyCookieAttribute",
        "name",
        "optionsPreflightBypass",
        "policies",
        "sameSiteCookieAttribute",
        "serviceAuth401Redirect",
        "sessionDuration",
        "type",
      ],
    },
    renames: { ...rules, targetCriterias: "target_criteria" },
  },
  "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": {
    collection: `${account}/workers/scripts/{scriptName}/subdomain`,
    item: `${account}/workers/scripts/{scriptName}/subdomain`,
    update: "post",
    id: { input: "scriptName" },
    required: ["accountId", "enabled", "scriptName"],
    computed: [],
    replaceOn: ["scriptName"],
    pathOnly: ["scriptName"],
  },
  "cloudflare:index/workersCustomDomain:WorkersCustomDomain": {
    collection: `${account}/workers/domains`,
    create: "put",
    update: "put",
    updateAt: "collection",
    required: ["accountId", "hostname", "service"],
    computed: ["certId", "environment", "zoneId", "zoneName"],
    replaceOn: ["hostname"],
  },
  "cloudflare:index/workersCronTrigger:WorkersCronTrigger": {
    collection: `${account}/workers/scripts/{scriptName}/schedules`,
    item: `${account}/workers/scripts/{scriptName}/schedules`,
    create: "put",
    delete: false,
    id: { input: "scriptName" },
    required: ["accountId", "schedules", "scriptName"],
    computed: [],
    replaceOn: ["scriptName"],
    pathOnly: ["scriptName"],
    bodyOf: "schedules",
  },
  "cloudflare:index/workersKvNamespace:WorkersKvNamespace": {
    collection: `${account}/storage/kv/namespaces`,
    required: ["accountId", "title"],
    computed: ["supportsUrlEncoding"],
    stable: ["supportsUrlEncoding"],
  },
  "cloudflare:index/notificationPolicy:NotificationPolicy": {
    collection: `${account}/alerting/v3/policies`,
    required: ["accountId", "alertType", "mechanisms", "name"],
    defaults: { enabled: true },
    computed: ["created", "modified"],
    renames: {
      emails: "email",
      newStatuses: "new_status",
      newHealths: "new_health",
      tunnelIds: "tunnel_id",
      tunnelNames: "tunnel_name",
      tokenIds: "token_id",
    },
  },
  "cloudflare:index/notificationPolicyWebhooks:NotificationPolicyWebhooks": {
    collection: `${account}/alerting/v3/destinations/webhooks`,
    required: ["accountId", "name", "url"],
    computed: ["createdAt", "lastFailure", "lastSuccess", "type"],
    writeOnly: ["secret"],
  },
};
