/** A permission that the API token needs, as Cloudflare names it in its two places. */
export interface TokenPermission {
  /** Under which word the dashboard's token editor has it; "Account" where nothing is said. */
  readonly scope?: "Zone";
  /** As the token editor names it there. */
  readonly name: string;
  /** What is chosen beside the name in the token editor. */
  readonly level: "Read" | "Edit" | "Admin" | "Bind";
  /** As the API's permission groups and the provider's documentation name it. */
  readonly group: string;
  /** What it is for, to stand behind the word "for". */
  readonly purpose: string;
  /**
   * What to read to see that it is there, below `/accounts/ID`. It proves Read, not more: whether a token may write is
   * seen at the first write, for no API tells a token's permissions. Absent where no read proves anything.
   */
  readonly proof?: string;
  /** Where a write needs it, below `/accounts/ID`. Absent where it is for reads alone. */
  readonly writes?: RegExp;
}

/**
 * All that the program's API token needs, with account scope, and nothing else. Names from "Accepted Permissions" of the
 * Cloudflare provider's documentation (5.22) and
 * https://developers.cloudflare.com/fundamentals/api/reference/permissions/. Whether Connectivity Directory can be
 * chosen for API tokens in every account is not known: public reports contradict each other
 * (https://developers.cloudflare.com/workers-vpc/configuration/vpc-services/ has the roles).
 */
export const tokenPermissions: readonly TokenPermission[] = [
  {
    name: "Cloudflare Tunnel",
    level: "Edit",
    group: "Cloudflare Tunnel Write",
    purpose: "the tunnel and its token",
    writes: /^\/cfd_tunnel/,
    proof: "/cfd_tunnel?per_page=1&is_deleted=false",
  },
  {
    name: "Connectivity Directory",
    level: "Admin",
    group: "Connectivity Directory Admin",
    purpose: "the VPC service",
    writes: /^\/connectivity\//,
    proof: "/connectivity/directory/services?per_page=1",
  },
  {
    name: "Connectivity Directory",
    level: "Bind",
    group: "Connectivity Directory Bind",
    purpose: "binding the Worker to the VPC service",
    writes: /^\/workers\/scripts\/[^/]+(\/versions)?$/,
  },
  {
    name: "Access: Apps and Policies",
    level: "Edit",
    group: "Access: Apps and Policies Write",
    purpose: "the Access application and its policies",
    writes: /^\/access\/(apps|policies)/,
    proof: "/access/apps?per_page=1",
  },
  {
    name: "Access: Service Tokens",
    level: "Edit",
    group: "Access: Service Tokens Write",
    purpose: "the service tokens",
    writes: /^\/access\/service_tokens/,
    proof: "/access/service_tokens?per_page=1",
  },
  {
    name: "Access: Organizations, Identity Providers, and Groups",
    level: "Read",
    group: "Access: Organizations, Identity Providers, and Groups Read",
    purpose: "the team's name",
    proof: "/access/organizations",
  },
  {
    name: "Workers Scripts",
    level: "Edit",
    group: "Workers Scripts Write",
    purpose: "the Worker and its address",
    writes: /^\/workers\//,
    proof: "/workers/subdomain",
  },
];

/** What it needs besides where the gateway has a hostname of its own, for the zones of its hostnames. */
export const hostnamePermissions: readonly (TokenPermission & { readonly scope: "Zone" })[] = [
  {
    scope: "Zone",
    name: "Zone",
    level: "Read",
    group: "Zone Read",
    purpose: "finding the zone of a hostname",
  },
  {
    scope: "Zone",
    name: "DNS",
    level: "Read",
    group: "DNS Read",
    purpose: "seeing that nothing else has the hostname",
  },
];

/** What the token needs besides in a stack that is the account's shared one. */
const notifications: TokenPermission = {
  name: "Notifications",
  level: "Edit",
  group: "Notifications Write",
  purpose: "the alerts, in a shared stack alone",
  writes: /^\/alerting\//,
  proof: "/alerting/v3/policies",
};

/** And where that stack has a probe, which is where it has webhooks. */
const probeReport: TokenPermission = {
  name: "Workers KV Storage",
  level: "Edit",
  group: "Workers KV Storage Write",
  purpose: "what the probe found last, in a shared stack with webhooks alone",
  writes: /^\/storage\/kv\//,
  proof: "/storage/kv/namespaces",
};

/** And where that stack has groups or login methods: in the place of the same name with Read. */
const groupsAndLogins: TokenPermission = {
  name: "Access: Organizations, Identity Providers, and Groups",
  level: "Edit",
  group: "Access: Organizations, Identity Providers, and Groups Write",
  purpose: "the groups and login methods, in a shared stack that has some alone",
  proof: "/access/organizations",
};

/** All that a shared stack can need and a gateway's does not. */
export const sharedOnlyPermissions: readonly TokenPermission[] = [
  notifications,
  probeReport,
  groupsAndLogins,
];

/** All that a shared stack's API token needs, by what the stack has. */
export const sharedPermissions = (has: {
  readonly alerts: boolean;
  readonly probe: boolean;
  readonly people: boolean;
}): readonly TokenPermission[] => [
  ...tokenPermissions.filter(({ name }) => !has.people || name !== groupsAndLogins.name),
  ...(has.people ? [groupsAndLogins] : []),
  ...(has.alerts ? [notifications] : []),
  ...(has.probe ? [probeReport] : []),
];

/**
 * The permissions of which a refused write may lack one. A Worker's upload is both: Cloudflare has answered it with the
 * general refusal where Bind alone was missing (https://github.com/cloudflare/workers-sdk/issues/11884).
 *
 * @param path below `/accounts/ID`
 */
export const permissionsToWrite = (path: string): TokenPermission[] =>
  [...tokenPermissions, ...sharedOnlyPermissions].filter(({ writes }) => writes?.test(path));

/**
 * What the reads before an up cannot show of these: a level above Read, and what nothing reads. No harmless write is
 * tried for Bind: there is nothing to bind before the VPC service stands, and a Worker uploaded for the proof alone
 * would be left behind, unknown to the state, by an up that is cut. Refused, an up goes on where it stopped.
 */
export function provenByWritesAlone(permissions: readonly TokenPermission[]): string {
  const unread = permissions.filter(({ proof }) => proof === undefined);
  const halfRead = permissions.filter(({ proof, level }) => proof !== undefined && level !== "Read");
  const named = (list: readonly TokenPermission[]) =>
    list.map(({ name, level }) => `"${name}: ${level}"`).join(", ");
  return `only writing can show whether the API token has ${named(unread)}, and may write, not just read, by ${named(halfRead)}. What Cloudflare refuses then is explained in docs/errors.md, "In Cloudflare's own words"`;
}
