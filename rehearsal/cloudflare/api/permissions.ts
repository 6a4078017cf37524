/** Permissions that come as a pair, Read and Write; Write reads too. */
type Pair =
  | "Access: Apps and Policies"
  | "Access: Device Posture"
  | "Access: Organizations, Identity Providers, and Groups"
  | "Access: Service Tokens"
  | "Account Settings"
  | "Cloudflare Tunnel"
  | "Notifications"
  | "Workers KV Storage"
  | "Workers Scripts";

/** What a token may be given, by the names of the API's permission groups. The dashboard says Edit where these say Write. */
export type ApiPermission =
  | `${Pair} Read`
  | `${Pair} Write`
  | "Access: Apps and Policies Revoke"
  | "Access: Organizations Revoke"
  | "Connectivity Directory Admin"
  | "Connectivity Directory Bind"
  | "Connectivity Directory Read"
  | "DNS Read"
  | "DNS Write"
  | "Zone Read";

/** What a token needs for everything that the program does, and what a token has here unless told otherwise. */
export const programPermissions: readonly ApiPermission[] = [
  "Access: Apps and Policies Write",
  "Access: Organizations, Identity Providers, and Groups Write",
  "Access: Service Tokens Write",
  "Cloudflare Tunnel Write",
  "Connectivity Directory Admin",
  "Connectivity Directory Bind",
  "DNS Read",
  "Notifications Write",
  "Workers KV Storage Write",
  "Workers Scripts Write",
  "Zone Read",
];

interface Rule {
  readonly methods: RegExp;
  /** Below `/accounts/{account_id}`. */
  readonly path: RegExp;
  readonly anyOf: readonly ApiPermission[];
}

const reads = /^GET$/;
const writes = /^(POST|PUT|PATCH|DELETE)$/;
const all = /./;

/** Routes that are read with either of a pair, and changed with its Write. */
const family = (path: RegExp, name: Pair): Rule[] => [
  { methods: reads, path, anyOf: [`${name} Read`, `${name} Write`] },
  { methods: writes, path, anyOf: [`${name} Write`] },
];

/**
 * "Accepted Permissions" of each operation (https://developers.cloudflare.com/api/ and
 * https://developers.cloudflare.com/fundamentals/api/reference/permissions/); the first rule that fits counts. A
 * tunnel's token, being a credential, wants Write
 * (https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/remote-tunnel-permissions/).
 * A guess: which permission the Access keys want.
 */
const rules: readonly Rule[] = [
  { methods: all, path: /^\/cfd_tunnel\/[^/]+\/token$/, anyOf: ["Cloudflare Tunnel Write"] },
  ...family(/^\/cfd_tunnel(\/|$)/, "Cloudflare Tunnel"),
  {
    methods: reads,
    path: /^\/connectivity\//,
    anyOf: ["Connectivity Directory Read", "Connectivity Directory Bind", "Connectivity Directory Admin"],
  },
  { methods: writes, path: /^\/connectivity\//, anyOf: ["Connectivity Directory Admin"] },
  {
    methods: all,
    path: /^\/access\/apps\/[^/]+\/revoke_tokens$/,
    anyOf: ["Access: Apps and Policies Revoke", "Access: Apps and Policies Write"],
  },
  ...family(/^\/access\/(apps|policies)(\/|$)/, "Access: Apps and Policies"),
  {
    methods: all,
    path: /^\/access\/organizations\/revoke_user$/,
    anyOf: ["Access: Organizations Revoke", "Access: Organizations, Identity Providers, and Groups Write"],
  },
  ...family(
    /^\/access\/(groups|identity_providers|organizations|keys)(\/|$)/,
    "Access: Organizations, Identity Providers, and Groups",
  ),
  ...family(/^\/devices\/posture(\/|$)/, "Access: Device Posture"),
  ...family(/^\/access\/service_tokens(\/|$)/, "Access: Service Tokens"),
  ...family(/^\/workers\//, "Workers Scripts"),
  ...family(/^\/storage\/kv\//, "Workers KV Storage"),
  {
    methods: reads,
    path: /^\/alerting\//,
    anyOf: ["Notifications Read", "Notifications Write", "Account Settings Read", "Account Settings Write"],
  },
  { methods: writes, path: /^\/alerting\//, anyOf: ["Notifications Write", "Account Settings Write"] },
];

/**
 * The permissions of which a call needs one; none for a route that any token of the account may ask.
 *
 * @param path below `/accounts/{account_id}`
 */
export const permissionsFor = (method: string, path: string): readonly ApiPermission[] =>
  rules.find((rule) => rule.methods.test(method) && rule.path.test(path))?.anyOf ?? [];
