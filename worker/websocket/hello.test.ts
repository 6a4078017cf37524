import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { BINDINGS } from "../testing/bindings.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { bridged } from "../testing/socket.ts";

const people = { "ada@example.com": "owner", "mel@example.com": "member", "max@example.com": "member" };
const bindings = (agents: object) => ({
  SIGN_IN: "access",
  OPENCLAW_GATEWAY_TOKEN: undefined,
  ROLES: JSON.stringify({ ...JSON.parse(BINDINGS.ROLES), people, agents }),
});

let gateway: TestGateway;
const open: WebSocket[] = [];
afterEach(() => {
  for (const client of open.splice(0)) client.terminate();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

/** What a person's page hears, message by message, when OpenClaw says these. */
async function heard(email: string, ...said: string[]): Promise<string[]> {
  const { client, upstream } = await bridged(gateway, {
    "cf-access-jwt-assertion": await gateway.team.person({ email }),
  });
  open.push(client);
  const messages: string[] = [];
  for (const message of said) {
    upstream.send(message);
    messages.push(String((await once(client, "message"))[0]));
  }
  return messages;
}

const HELLO = {
  type: "res",
  id: "1",
  ok: true,
  payload: {
    type: "hello-ok",
    protocol: 4,
    features: { methods: ["health", "chat.send", "config.get", "exec.approval.resolve"], events: ["chat"] },
    snapshot: {
      uptimeMs: 1,
      sessionDefaults: { defaultAgentId: "main", mainKey: "main", mainSessionKey: "agent:main:main" },
    },
    policy: { maxPayload: 26_214_400 },
  },
};
const CHALLENGE = '{"type":"event",  "event":"connect.challenge","payload":{"nonce":"n"}}';
const hello = JSON.stringify(HELLO);
const sessionOf = (message: string | undefined) => JSON.parse(message ?? "").payload.snapshot.sessionDefaults;

describe("OpenClaw's hello", () => {
  beforeAll(async () => {
    gateway = await startGateway({ bindings: bindings({}) });
  });
  afterAll(() => gateway.close());

  it("goes to an owner as it is", async () => {
    expect(await heard("ada@example.com", CHALLENGE, hello)).toEqual([CHALLENGE, hello]);
  });

  it("offers a member what the role may ask, and keeps all else", async () => {
    const [challenge, greeting] = await heard("mel@example.com", CHALLENGE, hello);
    expect(challenge).toBe(CHALLENGE);
    expect(JSON.parse(greeting ?? "")).toEqual({
      ...HELLO,
      payload: {
        ...HELLO.payload,
        features: { methods: ["health", "chat.send"], events: ["chat"] },
        snapshot: {
          uptimeMs: 1,
          sessionDefaults: {
            defaultAgentId: "main",
            mainKey: expect.stringMatching(/^person-[0-9a-f]{32}$/),
            mainSessionKey: expect.stringMatching(/^agent:main:person-[0-9a-f]{32}$/),
          },
        },
      },
    });
  });

  it("opens a member's page on one conversation in every browser, and on nobody else's", async () => {
    const [mel, again, max] = [
      ...(await heard("mel@example.com", hello)),
      ...(await heard("mel@example.com", hello)),
      ...(await heard("max@example.com", hello)),
    ].map(sessionOf);
    expect(again).toEqual(mel);
    expect(max.mainSessionKey).not.toBe(mel.mainSessionKey);
  });

  it("is looked for in no message after it, nor in what only looks like it", async () => {
    const talk = JSON.stringify({ type: "event", event: "chat", payload: { text: '"hello-ok"' } });
    const error = JSON.stringify({ ...HELLO, ok: false, payload: undefined, error: { code: "NOT_PAIRED" } });
    const [, , , second] = await heard("mel@example.com", talk, error, hello, hello);
    expect(second).toBe(hello);
  });

  it("of an OpenClaw that tells less is completed", async () => {
    const bare = JSON.stringify({ type: "res", id: "1", ok: true, payload: { type: "hello-ok" } });
    const [greeting] = await heard("mel@example.com", bare);
    expect(sessionOf(greeting).mainSessionKey).toMatch(/^agent:main:person-/);
  });
});

describe("OpenClaw's hello, where members talk to an agent of their own", () => {
  beforeAll(async () => {
    gateway = await startGateway({ bindings: bindings({ member: ["web"] }) });
  });

  it("opens a member's page on that agent", async () => {
    const [greeting] = await heard("mel@example.com", hello);
    expect(sessionOf(greeting)).toMatchObject({
      defaultAgentId: "web",
      mainSessionKey: expect.stringMatching(/^agent:web:person-[0-9a-f]{32}$/),
    });
  });
});
