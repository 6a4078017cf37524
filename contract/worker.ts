/** What the Pulumi program and the Worker agree on. Neither imports the other; both may import this. */

/** File name of the script's one module (`main_module` of the upload). */
export const WORKER_MAIN_MODULE = "worker.js";

/**
 * Pinned, because dates change the WebSocket bridge: from 2026-03-17 binary frames arrive as Blob unless
 * `binaryType` is set, from 2026-04-07 a Close is answered by the runtime unless `allowHalfOpen` is passed.
 * https://developers.cloudflare.com/workers/runtime-apis/websockets/
 */
export const WORKER_COMPATIBILITY_DATE = "2026-07-01";

/** `enable_request_signal`: without it a client that goes away is not seen by `request.signal`. */
export const WORKER_COMPATIBILITY_FLAGS: readonly string[] = ["enable_request_signal"];

/** The Durable Object class that counts what an identity uses, and the migration that made it. */
export const LEDGER_CLASS = "Ledger";
export const LEDGER_MIGRATION = "v1";

/** Names of the Worker's bindings and variables, each with what it holds. A variable is text; none may be left out. */
export const WORKER_BINDINGS = {
  /** The VPC service that leads through the tunnel to OpenClaw. */
  vpcService: "VPC_SERVICE",
  /** The Durable Object namespace of `LEDGER_CLASS`. */
  ledger: "LEDGER",
  /** The Access team as an https origin, such as `https://example.cloudflareaccess.com`. */
  teamDomain: "TEAM_DOMAIN",
  /** Audience tag of the Access application in front of this Worker. */
  audience: "POLICY_AUD",
  /** OpenClaw's gateway token. Secret. Bound when SIGN_IN is `token`, and only then. */
  gatewayToken: "OPENCLAW_GATEWAY_TOKEN",
  /** `token` or `access`: what OpenClaw knows its callers by. */
  signIn: "SIGN_IN",
  /** Name of the stack, told to OpenClaw when SIGN_IN is `access`. */
  stack: "STACK",
  /** JSON of `RolesVariable` (contract/roles.ts). */
  roles: "ROLES",
  /** JSON of `QuotasVariable` (contract/roles.ts). */
  quotas: "QUOTAS",
  /**
   * SHA-256 of the key that programs send besides their service token, 64 hex digits; during a rotation two, by comma.
   * Secret. Left out when there is none.
   */
  apiKey: "WEB_API_KEY",
  /** `true` or `false`: whether the cookie CF_Authorization is looked at where Access sent no header. */
  accessCookie: "ACCESS_COOKIE",
  /** `true` or `false`; with `false` the other RATE_LIMIT_ variables and their bindings are left out. */
  rateLimitEnabled: "RATE_LIMIT_ENABLED",
  /** Requests per window of everyone together. */
  rateLimitRequests: "RATE_LIMIT_REQUESTS",
  /** The window in milliseconds: 10000 or 60000. */
  rateLimitWindow: "RATE_LIMIT_WINDOW",
  /** Requests per window of one identity. */
  rateLimitPerUser: "RATE_LIMIT_PER_USER",
  /** Requests per window of one address (IPv6: of one /64). */
  rateLimitPerIp: "RATE_LIMIT_PER_IP",
  /** OpenAI endpoints besides chat completions, by comma: `responses`, `embeddings`, or nothing. */
  apiEndpoints: "API_ENDPOINTS",
  /** The largest body of a request in bytes. */
  maxBodyBytes: "MAX_BODY_BYTES",
  /** How long a WebSocket lives at most, in seconds. */
  socketMaxSeconds: "SOCKET_MAX_SECONDS",
  /** How many WebSockets an identity may have open. */
  socketsPerIdentity: "SOCKETS_PER_IDENTITY",
  /** Exact https origins by comma whose pages may call the API, or nothing. */
  corsOrigins: "CORS_ORIGINS",
  /** `true` or `false`: whether plain http is refused. */
  forceHttps: "FORCE_HTTPS",
  /** `debug`, `info`, `warn` or `error`. */
  logLevel: "LOG_LEVEL",
  /** `true` or `false`: refusals, violations of limits and unusual patterns. */
  logSecurityEvents: "LOG_SECURITY_EVENTS",
  /** `true` or `false`: one line for each request. */
  auditLog: "ENABLE_AUDIT_LOG",
} as const;
