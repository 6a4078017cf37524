import { IDENTITY_HEADERS } from "../contract/roles.ts";
import type { GatewayConfig } from "./config.ts";
import { CLOSED_TOOLS } from "./config-web-agent.ts";
import { peopleWithRoles, roleOfOthers } from "./roles.ts";

/** What a stack wants of OpenClaw's config; pi/openclaw-keys.mjs makes keys of it. */
export interface OpenClawWanted {
  /** The gateway's `https://HOST`, which the Control UI accepts browsers from. */
  readonly origin: string;
  /** The same of its further hostnames, where it has any. */
  readonly otherOrigins?: readonly string[];
  /** How long OpenClaw may take until it answers as it should; 300 where it is not said. */
  readonly patienceSeconds?: number;
  /** Names below `gateway.http.endpoints` to enable besides chatCompletions. */
  readonly endpoints: readonly string[];
  /** With `signIn: access`: how OpenClaw is told who asks, and who that may be. Names are those of its config. */
  readonly access?: {
    readonly trustedProxy: {
      readonly userHeader: string;
      readonly requiredHeaders: readonly string[];
      readonly allowUsers: readonly string[];
      readonly allowLoopback: true;
      readonly deviceAutoApprove: { readonly enabled: true };
    };
    readonly identityScopes: Readonly<Record<string, readonly string[]>>;
    /** `gateway.roles`, where OpenClaw has none yet. */
    readonly roles: object;
    /** What OpenClaw's security audit calls critical of it, and is meant. docs/security-guide.md lists it. */
    readonly expectedFindings: readonly string[];
  };
  /** An agent that the gateway talks to: its name, and its entry in `agents.entries` but for its workspace. */
  readonly webAgent?: { readonly id: string; readonly entry: object };
}

/**
 * OpenClaw has no switch of its own for embeddings: they come with either of the other two
 * (docs/gateway/openresponses-http-api.md there).
 */
export function openclawWanted(
  config: GatewayConfig,
  origin: string,
  otherOrigins: readonly string[] = [],
): OpenClawWanted {
  return {
    origin,
    ...(otherOrigins.length > 0 && { otherOrigins }),
    endpoints: config.api.responses ? ["responses"] : [],
    ...(config.signIn === "access" && { access: accessOf(config) }),
    ...(config.webAgent.enabled && { webAgent: webAgentOf(config.webAgent) }),
  };
}

/**
 * An agent that may use what is listed and nothing else: OpenClaw's smallest profile, a list of what is allowed, one of
 * what is denied whatever else says (deny wins), and the shell's and files' own switches besides.
 * docs/gateway/config-tools/tool-policy.md there.
 */
function webAgentOf({ name, tools }: GatewayConfig["webAgent"]): NonNullable<OpenClawWanted["webAgent"]> {
  return {
    id: name,
    entry: {
      name: "Gateway",
      tools: {
        profile: "minimal",
        allow: tools,
        deny: [...CLOSED_TOOLS, "gateway", "openclaw"],
        exec: { mode: "deny" },
        fs: { workspaceOnly: true },
        elevated: { enabled: false },
      },
    },
  };
}

/**
 * OpenClaw's trusted-proxy mode (docs/gateway/trusted-proxy-auth.md there). Only the connector on the Pi's loopback is
 * such a proxy, and only the Worker, which has checked who asks, can be at the other end of its tunnel. Devices of
 * people whom it names are approved without asking, with all that an operator may do but `operator.admin`: that one
 * owners get for as long as they are connected, and no device of theirs keeps.
 */
function accessOf(config: GatewayConfig): OpenClawWanted["access"] {
  const identities = [...Object.entries(peopleWithRoles(config)), ...services(config)];
  // Neither a whole domain nor a group's people can be listed, and an empty list lets everyone in whom the gateway
  // vouches for.
  const unnamed = roleOfOthers(config) !== undefined || identities.some(([who]) => who.startsWith("@"));
  const named = unnamed ? [] : identities;
  const owners = identities.filter(([who, role]) => role === "owner" && !who.startsWith("@"));
  return {
    trustedProxy: {
      userHeader: IDENTITY_HEADERS.user,
      requiredHeaders: [IDENTITY_HEADERS.stack],
      allowUsers: named.map(([who]) => who),
      allowLoopback: true,
      deviceAutoApprove: { enabled: true },
    },
    identityScopes: Object.fromEntries(owners.map(([who]) => [who, ["operator.admin"]])),
    roles: ROLES,
    // That the identity which a proxy vouches for is the login.
    expectedFindings: ["gateway.trusted_proxy_auth"],
  };
}

const services = ({ serviceTokens }: GatewayConfig) =>
  serviceTokens.map(({ name, role }) => [`service:${name}`, role] as const);

/**
 * What OpenClaw calls a role, the same for everybody: nobody finds anybody else's conversations, but who has
 * `operator.admin`. It takes no scope away; identityScopes and the Worker's x-openclaw-scopes say who has which.
 * docs/gateway/operator-scopes.md there ("Named operator roles").
 */
const ROLES = {
  default: "person",
  definitions: { person: { sessions: { others: "none" }, agents: "*", scopes: ["operator.admin"] } },
} as const;

/** As one setting of the Pi's script; nothing where only a delete will follow. */
export const encodedWanted = (wanted: OpenClawWanted | undefined): string =>
  Buffer.from(JSON.stringify(wanted ?? {})).toString("base64");
