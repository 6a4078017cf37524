import { cloudflareRefusals } from "../../infra/error-codes/in-cloudflares-words.ts";
import { errorCodes } from "../../infra/error-codes.ts";
import { ERRORS, type ErrorCode } from "../../worker/errors.ts";
import { code, generatedFrom, table } from "./markdown.ts";

const none = "Nothing on the gateway's side: the request has to change.";
const again = (does: string) => `\`npx pulumi up --replace '**::STACK-openclaw'\` ${does} again.`;
const look = "Read the Worker's log (dashboard, Workers, the script, Logs).";

/** What its operator does about each refusal of the Worker; kept out of the Worker, which only says what callers may know. */
const mends: Readonly<Record<ErrorCode, string>> = {
  GATEWAY_MISCONFIGURED: `${look} It names the variable. \`npx pulumi up --refresh\` sets all of them again.`,
  HTTPS_REQUIRED: "Call https, and give out new secrets for those that were sent: docs/maintenance.md.",
  URL_REFUSED: none,
  SECRET_IN_URL: "Send the token as a header; in a browser put it behind `#`.",
  CROSS_SITE_REFUSED: "Call the API from a program, or from the gateway's own pages.",
  ACCESS_TOKEN_MISSING:
    "Access is not in front of this address: look for the application in Zero Trust, Access, Applications, and run `npx pulumi up --refresh`.",
  ACCESS_TOKEN_EXPIRED: "Sign in again; programs send their two headers with each request.",
  ACCESS_TOKEN_INVALID:
    "The token is another application's, or the application was made anew by hand: `npx pulumi up --refresh`.",
  ACCESS_KEYS_UNAVAILABLE:
    "Wait a moment. If it stays: does `https://TEAM.cloudflareaccess.com/cdn-cgi/access/certs` answer?",
  ROLE_MISSING: "Name the person under `access`, with a role, and run `npx pulumi up`.",
  ROLE_REFUSED:
    "Give the person or service token another role, if they shall do this, and run `npx pulumi up`.",
  API_KEY_MISSING:
    "Send the key of `apiKeys` as `Authorization: Bearer KEY`, besides the two Access headers.",
  API_KEY_WRONG: "Was the key rotated? The current one is in the stack's config.",
  RATE_LIMITED: "If this was no abuse, raise `limits`.",
  QUOTA_EXCEEDED: "If it is too little, raise `quotas` of the role.",
  TOO_MANY_RUNS: "If it is too little, raise `quotas` of the role.",
  TOO_MANY_SOCKETS: "If it is too little, raise `sockets.perIdentity`.",
  QUOTA_UNAVAILABLE:
    "Cloudflare's Durable Objects fail, or the account has used up what is free in a day (100,000 requests): it ends at midnight UTC. Roles without a quota go on.",
  URL_TOO_LONG: none,
  HEADERS_TOO_LARGE: none,
  BODY_TOO_LARGE: "If larger ones shall go through, raise `maxBodyMiB`.",
  BODY_TOO_SLOW: none,
  BODY_INVALID: none,
  MODEL_REFUSED: "If the role shall talk to that agent, add it to the role's agents.",
  REMOTE_CONTENT_REFUSED: "Only owners may let the Pi fetch an address.",
  SESSION_REFUSED: "In sign-in mode `token` OpenClaw cannot tell its callers apart: only owners may.",
  NOT_FOUND: "Only listed routes go through: see docs/use.md.",
  METHOD_NOT_ALLOWED: "The answer's Allow header names the methods.",
  JSON_REQUIRED: none,
  ENCODING_REFUSED: none,
  CLIENT_GONE: "Nothing: nobody reads this answer, only the log tells of it.",
  WEBSOCKET_ORIGIN_REFUSED: none,
  CLIENT_ADDRESS_REFUSED:
    "Cloudflare sets this header itself; a Worker that calls this one must go by its public name.",
  TUNNEL_DOWN: "On the Pi: `systemctl status cloudflared-STACK`.",
  TUNNEL_UNSUITABLE:
    "On the Pi: `cloudflared --version`, and let UDP 7844 out. The stack's unit allows QUIC only; another connector of this tunnel may not.",
  OPENCLAW_DOWN: "On the Pi: `openclaw gateway status`. Is it on the port of `pi.openclawPort`?",
  OPENCLAW_STARTING: "Wait a minute. If it stays: `openclaw gateway status` on the Pi.",
  OPENCLAW_TIMEOUT: "Look at the Pi's load; the first answer after a start takes OpenClaw longer.",
  OPENCLAW_UNREACHABLE: look,
  OPENCLAW_UNEXPECTED: "On the Pi: `openclaw config get gateway.port`, then set `pi.openclawPort`.",
  OPENCLAW_API_DISABLED: again("switches it on"),
  OPENCLAW_TOKEN_REFUSED: again("reads the token"),
  OPENCLAW_PROXY_REFUSED: again("sets it"),
  INTERNAL_ERROR: `${look} Search it for the request id.`,
};

/** The Worker's codes, for those who meet one. */
export const gatewayErrors = (): string =>
  table(
    ["code", "status", "what it says"],
    Object.entries(ERRORS).map(([name, [status, message]]) => [code(name), String(status), message]),
  );

/** docs/errors.md */
export function errorReference(): string {
  const program = Object.entries(errorCodes).map(([name, { meaning, mend }]) => [code(name), meaning, mend]);
  const gateway = Object.entries(ERRORS).map(([name, [status, message]]) => [
    code(name),
    String(status),
    message,
    mends[name as ErrorCode],
  ]);
  const words = cloudflareRefusals.map(({ code: own, status, words, means, meaning, mend }) => [
    String(own),
    status.join(", "),
    words ? code(words) : "anything else",
    code(means),
    meaning,
    mend,
  ]);
  return `${generatedFrom("infra/error-codes/", "worker/errors.ts")}

# Error codes

A code stays the same from version to version; the words around it may get better.

## When the chain is set up, built or taken down

Said by \`npm run init\`, \`pulumi up\`, \`preview\` and \`destroy\`, with the host, key or resource it is about and the command that mends it. Nothing that was built is lost: the next \`up\` goes on from there.

${table(["code", "what happened", "what to do"], program)}

## In Cloudflare's own words

Some permissions only a write can prove, in the middle of an \`up\`. \`pulumi\` then shows the provider's words, such as \`403 Forbidden {"success":false,"errors":[{"code":10196,…\`; \`npm run family\` explains them by this table. Nothing that was built is lost.

${table(["code", "status", "Cloudflare says", "what this project calls it", "what it is", "what to do"], words)}

## When the gateway is used

Browsers get a page, programs OpenAI's error object: \`{"error":{"message","type","param","code","request_id"}}\`. The request id leads to the line in the Worker's log.

${table(["code", "status", "what it says", "what its operator does"], gateway)}

What Access itself refuses has no code of ours: a browser is sent to the login page; a program with a wrong service token gets 401 or 403, in older Cloudflare organizations the login page (302).
`;
}
