import { expect, test } from "vitest";

const { ledgerLine, journalLine } = await import(new URL("./audit-lines.mjs", import.meta.url).href);

const event = {
  schemaVersion: 1,
  sequence: 7,
  eventId: "962f0252-c860-4182-abf6-53cfc8e85dbb",
  occurredAt: 1795629668250,
  agentId: "main",
  sessionKey: "agent:main:openai-user:abc",
  action: "agent.run.finished",
  status: "succeeded",
  actor: { type: "agent", id: "main" },
};

test("a line of the ledger is what is named, and nothing else of the event", () => {
  expect(ledgerLine({ ...event, prompt: "words", args: { a: 1 } }, "home", [])).toEqual({
    time: "2026-11-25T18:01:08.250Z",
    source: "openclaw",
    stack: "home",
    event: "agent.run.finished",
    id: "962f0252-c860-4182-abf6-53cfc8e85dbb",
    actor: "agent:main",
    status: "succeeded",
    agentId: "main",
    sessionKey: "agent:main:openai-user:abc",
  });
});

test("what somebody put into a name does not turn the line, and no secret is in it", () => {
  const hex = "0123456789abcdef".repeat(4);
  const tunnelToken = Buffer.from(JSON.stringify({ a: "0".repeat(32), t: "x", s: "y" })).toString("base64");
  const sessionKey = `agent:main:openai-user:a\n\u001b[31m\u202eb ${hex} ${tunnelToken} short-one`;
  const line = JSON.stringify(ledgerLine({ ...event, sessionKey }, "home", ["short-one"]));
  expect(line).toContain("agent:main:openai-user:a??[31m?b [secret] [secret] [secret]");
  const glued = JSON.stringify(
    ledgerLine({ ...event, sessionKey: `agent:main:openai-user:${hex}:${tunnelToken}` }, "home", []),
  );
  expect(glued).not.toContain(hex);
  expect(glued).not.toContain(tunnelToken);
});

test("a line of the connector is the kind of what was said, without the words", () => {
  const say = (MESSAGE: string) =>
    journalLine({ __CURSOR: "s=1", __REALTIME_TIMESTAMP: "1795629668250000", _PID: "92", MESSAGE }, "home");
  expect(
    say(
      "2026-11-25T18:00:00Z INF Registered tunnel connection connIndex=0 connection=bb527b3a-8a27-467b-9fca-84972898be5c event=0 ip=198.41.192.7 location=del04 protocol=quic",
    ),
  ).toEqual({
    time: "2026-11-25T18:01:08.250Z",
    source: "connector",
    stack: "home",
    event: "connection.registered",
    id: "s=1",
    connIndex: "0",
    connection: "bb527b3a-8a27-467b-9fca-84972898be5c",
    ip: "198.41.192.7",
    location: "del04",
    protocol: "quic",
  });
  expect(say('2026 ERR Register tunnel error error="Unauthorized: Invalid tunnel secret" token=abc')).toEqual(
    {
      time: "2026-11-25T18:01:08.250Z",
      source: "connector",
      stack: "home",
      event: "connector.token-refused",
      id: "s=1",
    },
  );
  expect(say("2026 INF Settings: map[token:abc]")).toBeUndefined();
});
