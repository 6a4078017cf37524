import type {
  FailureLine,
  LeftOutLine,
  RequestLine,
  SecurityEvent,
  SecurityLine,
  SocketLine,
} from "../../worker/log/lines.ts";
import { code, generatedFrom, table } from "./markdown.ts";

type FieldOf<T> = T extends unknown ? keyof T : never;
type Field = FieldOf<RequestLine | SocketLine | SecurityLine | FailureLine | LeftOutLine> | "time" | "level";

/** What each field of a line means; the compiler sees to it that none is missing. */
const fields: Readonly<Record<Field, string>> = {
  time: "When the line was written, UTC.",
  level: "`debug`, `info`, `warn` or `error`.",
  event: "What the line tells of: see below.",
  requestId:
    "`req_` and 32 digits; also in the answer's header `x-request-id`, in every error and on every error page.",
  ip: "The client's address as Cloudflare saw it, whole; `-` where there was none.",
  subject: "`person:EMAIL` or `service:NAME`, from the verified Access token; `-` before it was verified.",
  role: "`owner`, `member`, `guest`, or `-`.",
  route: "The gateway's own name of the route, never the address that was asked for; `-` for none.",
  method: "The HTTP method.",
  status: "The answer's status. 101 is a WebSocket that was opened.",
  code: "The [error code](errors.md), or `-`.",
  bytes:
    "Length of the answer's body; null where it was passed on packed without a stated length. A short answer counts as sent when it is handed over.",
  ms: "From the request's arrival to the last byte of the answer; for a WebSocket, how long it was open.",
  streaming: "Whether the answer was a stream of events.",
  aborted: "Whether the answer broke off: the client left, or OpenClaw did.",
  country: "The client's country, two letters, `T1` for Tor, `-` for unknown.",
  ray: "Cloudflare's number of the request (`cf-ray`), for its own logs and its support.",
  closeCode: "The WebSocket's close code (RFC 6455, 7.4): 1000 and 1001 are well, 1006 is a lost connection.",
  reason:
    "What exactly was wrong, such as `ERR_JWT_CLAIM_VALIDATION_FAILED aud` for another application's token.",
  detail: "What led to a failure, the nearest cause first. What could be a secret is left out.",
  requests: "How many requests were left out of the log.",
};

/** What each security event means, and what to do about it. */
const events: Readonly<Record<SecurityEvent, readonly [level: string, meaning: string, mend: string]>> = {
  "sign-in accepted": [
    "info",
    "A person or a program is there, whom this part of the gateway has not seen for an hour: once an hour, not at each request.",
    "Nothing, if you know them.",
  ],
  "sign-in refused": [
    "warn",
    "The Access token is missing, expired or not this application's; `reason` says which.",
    "One is nothing. Many with a `reason` other than expired: somebody reaches the Worker past Access, see `ACCESS_TOKEN_MISSING` in [errors.md](errors.md).",
  ],
  "api key refused": [
    "warn",
    "A signed-in program sent no API key, or a wrong one.",
    "Did you rotate the key? If not, make a new service token for that program.",
  ],
  "role refused": [
    "warn",
    "Somebody asked for what their role does not open.",
    "Nothing, or give them the role.",
  ],
  "limit exceeded": [
    "warn",
    "A rate limit or a quota was reached; `code` says which, `subject` or `ip` whose.",
    "If it was no abuse, raise `limits` or `quotas`.",
  ],
  "request refused": [
    "warn",
    "A page of another site, a secret in a URL, a URL with two meanings, http, or no client address; `code` says which.",
    "For `SECRET_IN_URL` and `HTTPS_REQUIRED`: replace the secret that was sent.",
  ],
  "many refusals": [
    "warn",
    "20 refusals of one address (IPv6: of one /64) within five minutes. Told once in that time.",
    "If it goes on, block the address in the zone's firewall rules.",
  ],
  "service token in a browser": [
    "warn",
    "A program's service token came from a web page that is not of `corsOrigins`: whoever can open that page can read it.",
    "Make a new token for the program, and take this one out of the page.",
  ],
  "country changed": [
    "warn",
    "A person is in another country than at the last request that this part of the gateway saw.",
    "Ask them. If it was not they: end their sessions in Zero Trust, My team, Users.",
  ],
};

/** Of pi/audit.sh and pi/audit-lines.mjs. */
const PI_TRAIL = `## The audit trail on the Pi

Off from the start. \`npx pulumi config set --path openclaw-gateway:auditLog.enabled true\`, then \`npx pulumi up\`, and the Pi writes \`/var/log/openclaw/audit.log\` (\`auditLog.path\`): a line of JSON for each thing that happened there, every five minutes. Between two times OpenClaw's ledger and the Pi's journal keep it; a journal that is in memory only (\`Storage=volatile\`) loses those minutes with the power. To write now: \`sudo systemctl start openclaw-gateway-audit-STACK\`.

| field | meaning |
| --- | --- |
| \`time\` | When it happened, UTC. |
| \`source\` | \`openclaw\`: its own ledger (\`openclaw audit\`). \`connector\`: the journal of \`cloudflared-STACK\`. |
| \`stack\` | Several stacks may share one file. |
| \`event\` | For OpenClaw \`agent.run.started\`, \`agent.run.finished\`, \`tool.action.started\`, \`tool.action.finished\`, and messages where you switched those on (\`logging.audit.messages\`). For the connector \`connector.started\`, \`.stopped\`, \`.failed\`, \`.restart-scheduled\`, \`.token-refused\`, \`.error\`, \`connection.registered\`, \`connection.lost\`. \`ledger.unreachable\` and \`ledger.reachable\`: OpenClaw could not be asked in between, and its lines come late. |
| \`id\` | Of the event where it came from. No id is written twice. |
| others | \`actor\`, \`status\`, \`agentId\`, \`sessionKey\`, \`runId\`, \`toolName\` …; \`connIndex\`, \`location\`, \`protocol\`, \`ip\` (Cloudflare's). |

No line holds a prompt, an answer, a tool's arguments or the connector's own words. What looks like a key becomes \`[secret]\`. OpenClaw keeps its ledger as well as it can, not without gaps (its docs/gateway/audit.md), so that a missing line proves nothing.

The file belongs to root, members of the group \`adm\` may read it, and it has the append-only attribute where the file system knows it (ext4 does): the service that writes it can take nothing out again, nor can any other program without root. An agent that may use \`sudo\` is root. logrotate starts a new file each week and keeps twelve; a Pi without logrotate is told of at \`up\`. \`destroy\` leaves the file unless \`auditLog.keepOnDestroy\` is false.
`;

/** docs/logs.md */
export function logReference(): string {
  const fieldRows = Object.entries(fields).map(([name, meaning]) => [code(name), meaning]);
  const eventRows = Object.entries(events).map(([name, [level, meaning, mend]]) => [
    code(name),
    level,
    meaning,
    mend,
  ]);
  return `${generatedFrom("worker/log/lines.ts", "cli/docs/log-reference.ts")}

# Logs

The Worker writes one line of JSON for each event, to Workers Logs; on the Pi there is [an audit trail of its own](#the-audit-trail-on-the-pi), in a file, where \`auditLog.enabled\` asks for one. Cloudflare's own lines about each call (invocation logs) are off, because they record addresses and headers.

No line holds a prompt, an answer, a token, a cookie, a key, an address that was asked for, or a header of the client. What comes from outside is checked, cut to 256 characters and rid of everything that cannot be seen.

| key | what it switches | default |
| --- | --- | --- |
| \`audit\` | the audit trail: a line \`request\` for each request, \`socket\` for each WebSocket that ended | on |
| \`logSecurityEvents\` | the security events below | on |
| \`logLevel\` | the least level of all other lines, \`error\` being the quietest. The audit trail has no level: it is on or off | info |

## Reading them

In the dashboard: Workers & Pages, the Worker, Observability. Each field is a column of its own there; these are filters to begin with:

| question | filter |
| --- | --- |
| What happened in the request that somebody tells me of? | \`requestId = req_…\` |
| What did a person do today? | \`event = request\` and \`subject = person:ada@example.com\` |
| Who was refused? | \`level = warn\` |
| What failed? | \`event = failure\`, grouped by \`code\` |
| Who uses most? | \`event = request\`, sum of \`bytes\` or count, grouped by \`subject\` |
| Are answers slow? | \`event = request\`, p99 of \`ms\`, grouped by \`route\` |

The free plan takes 200,000 lines a day and keeps them for three days, the paid one for seven ([Cloudflare's limits](https://developers.cloudflare.com/workers/observability/logs/workers-logs/)); on the paid plan a Logpush job keeps them longer.

## Fields

${table(["field", "meaning"], fieldRows)}

## Events

${table(
  ["event", "level", "what it means"],
  [
    [
      code("request"),
      "info",
      "The audit trail. Written when the answer has been sent whole or has broken off.",
    ],
    [
      code("socket"),
      "info",
      "The audit trail. Written when a WebSocket has ended; its opening has a line `request`.",
    ],
    [
      code("failure"),
      "error",
      "Something failed here, on the way to the Pi, or there; `code` and `detail` say what.",
    ],
    [
      code("left out"),
      "warn",
      "So many requests were refused before anybody had signed in (or over a limit) that they were not written: 60 a minute are, in each of the places where the Worker runs.",
    ],
  ],
)}

Security events:

${table(["event", "level", "what it means", "what to do"], eventRows)}

Each place where the Worker runs counts for itself, so that an event "once an hour" can come several times.

${PI_TRAIL}`;
}
