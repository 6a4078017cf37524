import { type RateLimit as LimitKind, rateLimitBinding } from "../contract/limits.ts";
import type { QuotasVariable, RolesVariable } from "../contract/roles.ts";
import { WORKER_BINDINGS as NAMES } from "../contract/worker.ts";
import { AccessKeys } from "./identity/keys.ts";
import { areQuotas, areRoles } from "./identity/variables.ts";
import type { Ledger } from "./limits/ledger.ts";
import { Settings } from "./settings.ts";

/** The Worker's bindings as the runtime hands them over: nothing is certain until `openGateway` has looked. */
export type Env = Readonly<Record<string, unknown>>;

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The OpenAI endpoints that a stack may switch on besides chat completions. */
export const API_ENDPOINTS = ["responses", "embeddings"] as const;
export type ApiEndpoint = (typeof API_ENDPOINTS)[number];

/** What OpenClaw knows its callers by: one token that the gateway holds, or the identity that it vouches for. */
export type SignIn =
  | { readonly mode: "token"; readonly gatewayToken: string }
  | { readonly mode: "access"; readonly stack: string };

/** The `ratelimit` bindings; each has its limit and period inside, and tells only yes or no. */
export interface Limits {
  readonly requests: RateLimit;
  readonly perUser: RateLimit;
  readonly perIp: RateLimit;
  readonly windowMs: number;
}

/** A configuration that has been checked, with what lives as long as the isolate. */
export interface Gateway {
  /** Issuer of the Access tokens: an https origin without a slash at its end. */
  readonly teamDomain: string;
  /** Audience tag of this application. */
  readonly audience: string;
  readonly keys: AccessKeys;
  /** Whether the cookie CF_Authorization is looked at where there is no header. */
  readonly acceptCookie: boolean;
  readonly signIn: SignIn;
  readonly roles: RolesVariable;
  readonly quotas: QuotasVariable;
  /** SHA-256 of the API keys that are good at the moment; none: no key is asked for. */
  readonly apiKeyHashes: readonly Uint8Array[];
  /** Nothing when limits are switched off. */
  readonly limits: Limits | undefined;
  readonly ledger: DurableObjectNamespace<Ledger>;
  readonly vpcService: Fetcher;
  readonly endpoints: ReadonlySet<ApiEndpoint>;
  readonly maxBodyBytes: number;
  readonly sockets: { readonly maxSeconds: number; readonly perIdentity: number };
  readonly corsOrigins: ReadonlySet<string>;
  readonly forceHttps: boolean;
  readonly log: { readonly level: LogLevel; readonly securityEvents: boolean; readonly audit: boolean };
}

/** The environment lacks something, or holds something unusable: `problems` has one sentence each, no values. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join(" "));
    this.problems = problems;
  }
}

let opened: { readonly env: Env; readonly gateway: Gateway | ConfigError } | undefined;

/**
 * The gateway for this environment, parsed once per isolate (the runtime hands the same object to every request).
 * @throws ConfigError with every problem found
 */
export function gatewayOf(env: Env): Gateway {
  if (opened?.env !== env) opened = { env, gateway: openGateway(env) };
  if (opened.gateway instanceof ConfigError) throw opened.gateway;
  return opened.gateway;
}

/** Checks an environment as a whole. */
export function openGateway(env: Env): Gateway | ConfigError {
  const settings = new Settings(env);
  const teamDomain = settings.read(
    NAMES.teamDomain,
    "an https origin such as https://team.cloudflareaccess.com",
    httpsOrigin,
  );
  const gateway: Gateway = {
    teamDomain,
    audience: settings.read(NAMES.audience, "the audience tag of the Access application", word),
    keys: new AccessKeys(teamDomain),
    acceptCookie: settings.flag(NAMES.accessCookie),
    signIn: signInOf(settings),
    roles: settings.json(NAMES.roles, "JSON with people, services and agents", areRoles),
    quotas: settings.json(NAMES.quotas, "JSON with caps by role", areQuotas),
    apiKeyHashes: settings.has(NAMES.apiKey)
      ? settings.read(NAMES.apiKey, "one or two SHA-256 hashes of 64 hex digits, by comma", sha256Hashes)
      : [],
    limits: limitsOf(settings),
    ledger: settings.binding(NAMES.ledger, "idFromName", "the Durable Object that counts"),
    vpcService: settings.binding(NAMES.vpcService, "fetch", "the VPC service"),
    endpoints: new Set(
      settings.list(NAMES.apiEndpoints, "responses, embeddings, both by comma, or empty", (entry) =>
        API_ENDPOINTS.find((endpoint) => endpoint === entry),
      ),
    ),
    maxBodyBytes: settings.count(NAMES.maxBodyBytes),
    sockets: {
      maxSeconds: settings.count(NAMES.socketMaxSeconds),
      perIdentity: settings.count(NAMES.socketsPerIdentity),
    },
    corsOrigins: new Set(settings.list(NAMES.corsOrigins, "https origins by comma, or empty", httpsOrigin)),
    forceHttps: settings.flag(NAMES.forceHttps),
    log: {
      level: settings.oneOf(NAMES.logLevel, LOG_LEVELS),
      securityEvents: settings.flag(NAMES.logSecurityEvents),
      audit: settings.flag(NAMES.auditLog),
    },
  };
  return settings.problems.length > 0 ? new ConfigError(settings.problems) : gateway;
}

/** OpenClaw refuses a token and a trusted proxy together; and a token that is not used should be nowhere. */
function signInOf(settings: Settings): SignIn {
  const mode = settings.oneOf(NAMES.signIn, ["token", "access"]);
  if (mode !== "access") {
    return { mode, gatewayToken: settings.read(NAMES.gatewayToken, "OpenClaw's gateway token", word) };
  }
  if (settings.has(NAMES.gatewayToken)) {
    settings.problems.push(`${NAMES.gatewayToken} must not be bound when ${NAMES.signIn} is access.`);
  }
  return { mode, stack: settings.read(NAMES.stack, "the name of the stack", word) };
}

function limitsOf(settings: Settings): Limits | undefined {
  if (!settings.flag(NAMES.rateLimitEnabled)) return undefined;
  const known = settings.problems.length;
  const windowMs = Number(settings.oneOf(NAMES.rateLimitWindow, ["10000", "60000"]));
  const requests = settings.count(NAMES.rateLimitRequests);
  const perUser = settings.count(NAMES.rateLimitPerUser);
  const perIp = settings.count(NAMES.rateLimitPerIp);
  // Bindings are named by these values: with a wrong one there is no name to look for.
  if (settings.problems.length > known) return undefined;
  const limit = (kind: LimitKind, count: number, variable: string): RateLimit =>
    settings.binding(
      rateLimitBinding(kind, count, windowMs),
      "limit",
      `a rate limit with the values of ${variable} and ${NAMES.rateLimitWindow}`,
    );
  return {
    requests: limit("REQUESTS", requests, NAMES.rateLimitRequests),
    perUser: limit("PER_USER", perUser, NAMES.rateLimitPerUser),
    perIp: limit("PER_IP", perIp, NAMES.rateLimitPerIp),
    windowMs,
  };
}

/** A value that can stand in a header as it is: printable ASCII without spaces. */
function word(value: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

function httpsOrigin(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined;
  const { protocol, origin, href } = new URL(value);
  return protocol === "https:" && href === `${origin}/` ? origin : undefined;
}

/** Empty is no hash: a key that was set to nothing must not be taken for none being asked for. */
function sha256Hashes(value: string): readonly Uint8Array[] | undefined {
  if (!/^[0-9a-f]{64}(,[0-9a-f]{64})?$/.test(value)) return undefined;
  return value
    .split(",")
    .map((hex) => Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16)));
}
