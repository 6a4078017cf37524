/**
 * What becomes of an event on its way into the audit trail. infra/pi-script.ts puts this in front of audit.mjs.
 *
 * Nothing is copied that is not named here: OpenClaw's ledger is metadata by itself (docs/gateway/audit.md there), and
 * of the connector's log only what its line tells of, never its words.
 */

/** Of OpenClaw's ledger; what else an event has (its version, its source's own numbers) is of no use to a reader. */
const LEDGER_FIELDS = [
  ...["status", "errorCode", "agentId", "sessionKey", "sessionId", "runId", "toolName", "toolCallId"],
  ...["direction", "channel", "conversationKind", "outcome", "deliveryKind", "failureStage", "reasonCode"],
  ...["durationMs", "resultCount"],
];

/** What systemd says of a unit, by the ids of its catalogue (systemd/sd-messages.h). */
const UNIT_EVENTS = {
  "39f53479d3a045ac8e11786248231fbf": "connector.started",
  "9d1aaa27d60140bd96365438aad20286": "connector.stopped",
  be02cf6855d2428ba40df7e9d022f03d: "connector.start-failed",
  d9b373ed55a64feb8242e02dbe79a49c: "connector.failed",
  "5eb03494b6584870a536b337290809b3": "connector.restart-scheduled",
};

/** What cloudflared says, the first that fits. */
const CONNECTOR_EVENTS = [
  [/\bUnauthorized:/, "connector.token-refused"],
  [/\bINF Registered tunnel connection\b/, "connection.registered"],
  [
    /\bINF Unregistered tunnel connection\b|\b(Connection terminated|Lost connection with the edge)\b/,
    "connection.lost",
  ],
  [/\bINF Updated to new configuration\b/, "connector.configured"],
  [/\bINF Initiating graceful shutdown\b/, "connector.stopping"],
  [/ (ERR|FTL|PNC) /, "connector.error"],
];

const CONNECTOR_FIELDS = /\b(connIndex|connection|location|protocol|ip)=([A-Za-z0-9.:-]{1,64})(?= |$)/g;

/** Control characters, and what makes text look like something else in a terminal: C0, C1, format and separator characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Long enough to be a key or a token: OpenClaw's own ids are shorter, or have dashes. */
const SECRETLIKE = /eyJ[A-Za-z0-9_+/=.-]{16,}|[A-Za-z0-9_+/=]{40,}/g;

/** Fingerprints that OpenClaw makes itself, which nobody outside can choose. */
const FINGERPRINTS = ["toolCallId"];

/** @param secrets texts that must not be told, whatever they look like */
function cleaned(value, secrets) {
  if (typeof value !== "string") return value;
  const known = secrets.reduce(
    (rest, secret) => rest.replaceAll(secret, "[secret]"),
    value.replace(UNSEEN, "?"),
  );
  return known.replace(SECRETLIKE, "[secret]").slice(0, 256);
}

const isScalar = (value) => ["string", "number", "boolean"].includes(typeof value);

/** A line from an event of OpenClaw's ledger (`openclaw audit --json`). */
function ledgerLine(event, stack, secrets) {
  const fields = LEDGER_FIELDS.filter((name) => isScalar(event[name]));
  return {
    time: new Date(event.occurredAt).toISOString(),
    source: "openclaw",
    stack,
    event: cleaned(String(event.action), secrets),
    id: cleaned(String(event.eventId), secrets),
    ...(isScalar(event.actor?.id) && { actor: cleaned(`${event.actor.type}:${event.actor.id}`, secrets) }),
    ...Object.fromEntries(
      fields.map((name) => [name, FINGERPRINTS.includes(name) ? event[name] : cleaned(event[name], secrets)]),
    ),
  };
}

/** A line from an entry of the connector's journal (`journalctl -o json`); none where it tells of nothing. */
function journalLine(entry, stack) {
  // A message that is no text comes as an array of bytes.
  const words = typeof entry.MESSAGE === "string" ? entry.MESSAGE : "";
  const byUnit = entry._PID === "1" ? UNIT_EVENTS[entry.MESSAGE_ID] : undefined;
  const event =
    byUnit ?? (entry._PID === "1" ? undefined : CONNECTOR_EVENTS.find(([sign]) => sign.test(words))?.[1]);
  if (!event) return undefined;
  return {
    time: new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000).toISOString(),
    source: "connector",
    stack,
    event,
    id: entry.__CURSOR,
    ...(byUnit
      ? { ...(entry.UNIT_RESULT && { result: cleaned(entry.UNIT_RESULT, []) }) }
      : Object.fromEntries([...words.matchAll(CONNECTOR_FIELDS)].map(([, name, value]) => [name, value]))),
  };
}

export { journalLine, ledgerLine };
