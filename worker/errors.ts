/**
 * Every refusal and failure of the gateway: the code is the contract, the message is for a person.
 * What is said before authentication tells nothing of tunnel, version or stack.
 */
export const ERRORS = {
  GATEWAY_MISCONFIGURED: [
    503,
    "This gateway is not set up completely. Its operator finds the reason in the Worker's log.",
  ],
  HTTPS_REQUIRED: [
    403,
    "Use https. If a key or token was sent with this request, replace it: it travelled in clear.",
  ],
  URL_REFUSED: [400, "This URL is written in a way that can be read in two ways, so it goes no further."],
  SECRET_IN_URL: [
    400,
    "A secret in the query of a URL ends up in logs. Send it as a header, or behind # in a browser.",
  ],
  CROSS_SITE_REFUSED: [403, "This request was started by a page of another site."],
  ACCESS_TOKEN_MISSING: [
    401,
    "Sign in first: the request carries no Cloudflare Access token. (A new gateway's login page takes up to a minute to appear.)",
  ],
  ACCESS_TOKEN_EXPIRED: [401, "The sign-in has expired. Sign in again."],
  ACCESS_TOKEN_INVALID: [401, "The Cloudflare Access token is not valid for this application."],
  ACCESS_KEYS_UNAVAILABLE: [503, "Sign-ins cannot be checked at the moment. Try again shortly."],
  ROLE_MISSING: [403, "You are signed in, but nobody has given you a role at this gateway."],
  ROLE_REFUSED: [403, "Your role at this gateway does not open this."],
  API_KEY_MISSING: [401, "This gateway wants its API key too, as Authorization: Bearer."],
  API_KEY_WRONG: [401, "The API key is not this gateway's, or no longer."],
  RATE_LIMITED: [429, "Too many requests. Wait a little, then try again."],
  QUOTA_EXCEEDED: [429, "Today's quota is used up. A new day begins at midnight UTC."],
  TOO_MANY_RUNS: [429, "Too many answers are being written for you already. Wait for one to end."],
  TOO_MANY_SOCKETS: [429, "Too many pages of yours are connected already. Close one."],
  QUOTA_UNAVAILABLE: [503, "Your quota cannot be counted at the moment. Try again shortly."],
  URL_TOO_LONG: [414, "This URL is too long."],
  HEADERS_TOO_LARGE: [431, "The headers of this request are too large."],
  BODY_TOO_LARGE: [413, "The body of this request is too large."],
  BODY_TOO_SLOW: [408, "The body of this request did not arrive in time."],
  BODY_INVALID: [400, "The body of this request is not the JSON that is expected here."],
  MODEL_REFUSED: [
    403,
    "Your role at this gateway does not talk to this model. /v1/models lists those it does.",
  ],
  REMOTE_CONTENT_REFUSED: [
    403,
    "Your role at this gateway sends images and files as they are (base64), not as addresses to fetch.",
  ],
  SESSION_REFUSED: [
    403,
    "Your role at this gateway continues a conversation by `user`, not by previous_response_id.",
  ],
  NOT_FOUND: [404, "There is nothing at this address."],
  METHOD_NOT_ALLOWED: [405, "This address does not take that method."],
  JSON_REQUIRED: [415, "Send the body as application/json."],
  ENCODING_REFUSED: [415, "Send the body as it is, without Content-Encoding."],
  CLIENT_GONE: [499, "The client has gone before its answer began."],
  WEBSOCKET_ORIGIN_REFUSED: [403, "A WebSocket is opened by this gateway's own pages only (Origin)."],
  CLIENT_ADDRESS_REFUSED: [400, "The client's address is missing or not a public one (CF-Connecting-IP)."],
  TUNNEL_DOWN: [502, "The Pi's tunnel is not connected. Is the Pi on, is its cloudflared service running?"],
  TUNNEL_UNSUITABLE: [
    502,
    "The tunnel cannot carry this traffic: cloudflared must be 2025.7.0 or newer, on QUIC (UDP 7844 outbound).",
  ],
  OPENCLAW_DOWN: [
    502,
    "The Pi answers, OpenClaw does not. Is its gateway running, and on the configured port?",
  ],
  OPENCLAW_STARTING: [503, "OpenClaw is starting. On a Pi that takes up to a minute."],
  OPENCLAW_TIMEOUT: [504, "OpenClaw did not answer in time."],
  OPENCLAW_UNREACHABLE: [502, "OpenClaw could not be reached."],
  OPENCLAW_UNEXPECTED: [
    502,
    "Something answered on the Pi, but not as OpenClaw does. Is the configured port OpenClaw's?",
  ],
  OPENCLAW_API_DISABLED: [
    502,
    "This endpoint of OpenClaw's is off: it is not enabled under gateway.http.endpoints in its config.",
  ],
  OPENCLAW_TOKEN_REFUSED: [
    502,
    "OpenClaw refused the gateway's token. Was it changed? Run the deployment again.",
  ],
  OPENCLAW_PROXY_REFUSED: [
    502,
    "OpenClaw does not trust its local proxy: gateway.trustedProxies must hold 127.0.0.1 and ::1.",
  ],
  INTERNAL_ERROR: [500, "The gateway failed. The request id leads to the reason in its log."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** A refusal or failure with its code. `cause` is for the log only. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  readonly status: number;
  /** Further headers of the answer, such as Allow. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: { cause?: unknown; headers?: Record<string, string> } = {}) {
    const [status, message] = ERRORS[code];
    super(message, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.headers = options.headers ?? {};
  }
}
