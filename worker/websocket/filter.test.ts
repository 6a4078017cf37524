import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { BINDINGS } from "../testing/bindings.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { linesOf, logged } from "../testing/log.ts";
import { bridged, closing } from "../testing/socket.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    bindings: {
      SIGN_IN: "access",
      OPENCLAW_GATEWAY_TOKEN: undefined,
      SOCKETS_PER_IDENTITY: "100",
      ROLES: JSON.stringify({
        ...JSON.parse(BINDINGS.ROLES),
        people: {
          "ada@example.com": "owner",
          "mel@example.com": "member",
          "max@example.com": "member",
          "gus@guests.example": "guest",
        },
        agents: { member: ["web"] },
      }),
    },
  });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const open: WebSocket[] = [];
afterEach(() => {
  for (const client of open.splice(0)) client.terminate();
});

async function socketOf(email: string) {
  const both = await bridged(gateway, { "cf-access-jwt-assertion": await gateway.team.person({ email }) });
  open.push(both.client);
  const reached: string[] = [];
  both.upstream.on("message", (data) => reached.push(data.toString()));
  return { ...both, reached };
}

const CONNECT = {
  type: "req",
  id: "1",
  method: "connect",
  params: { minProtocol: 4, role: "operator", scopes: ["operator.admin"], device: { signature: "x" } },
};
const request = (method: string, params: object = {}) => ({ type: "req", id: "7", method, params });
const REFUSED = {
  type: "res",
  id: "7",
  ok: false,
  error: {
    code: "FORBIDDEN",
    message: "Your role at this gateway does not open this.",
    details: { code: "ROLE_REFUSED" },
  },
};

/** A socket that has said who connects. */
async function connected(email = "mel@example.com") {
  const both = await socketOf(email);
  const arrived = once(both.upstream, "message");
  both.client.send(JSON.stringify(CONNECT));
  await arrived;
  both.reached.length = 0;
  return both;
}

/** What comes of a message: the answer that the client gets, or what has reached OpenClaw. */
async function outcome({ client, upstream }: { client: WebSocket; upstream: WebSocket }, message: string) {
  const answered = once(client, "message").then(([data]) => ({ answer: JSON.parse(String(data)) }));
  const reached = once(upstream, "message").then(([data]) => ({ reached: String(data) }));
  client.send(message);
  return Promise.race([answered, reached]);
}

const CHAT = { sessionKey: "agent:web:main", message: "hé", deliver: false, idempotencyKey: "i" };

describe("an owner's messages", () => {
  it.each(['{"type":"req","id":"1","method":"config.set"}', "no JSON", '{"a":1,"a":2}'])(
    "go through untouched: %s",
    async (text) => {
      const owner = await socketOf("ada@example.com");
      expect(await outcome(owner, text)).toEqual({ reached: text });
    },
  );
});

describe("a member's first message", () => {
  it("says who connects and stays as the device has signed it; its scopes are narrowed in the upgrade", async () => {
    const member = await socketOf("mel@example.com");
    expect(
      JSON.parse(((await outcome(member, JSON.stringify(CONNECT))) as { reached: string }).reached),
    ).toEqual(CONNECT);
    expect(member.request.headers).toMatchObject({
      "x-gateway-user": "mel@example.com",
      "x-openclaw-scopes": "operator.read,operator.write,operator.questions",
    });
  });

  it.each([
    ["a request", request("models.list")],
    ["a node that offers itself", { ...CONNECT, id: "7", params: { ...CONNECT.params, role: "node" } }],
    ["someone of no role", { ...CONNECT, id: "7", params: { ...CONNECT.params, role: undefined } }],
  ])("is refused when it is %s", async (_name, frame) => {
    const member = await socketOf("mel@example.com");
    expect(await outcome(member, JSON.stringify(frame))).toEqual({ answer: REFUSED });
  });

  it("comes once", async () => {
    const member = await connected();
    expect(await outcome(member, JSON.stringify({ ...CONNECT, id: "7" }))).toEqual({ answer: REFUSED });
  });
});

describe("a member's requests", () => {
  it.each([
    request("chat.send", CHAT),
    request("chat.history", { sessionKey: "agent:web:main", limit: 200 }),
    request("sessions.create", { agentId: "web", label: "New" }),
    request("sessions.patch", { key: "agent:web:x", label: "Other", model: "stub/stub-1" }),
    request("models.list"),
    request("sessions.list", { limit: 10 }),
    request("question.resolve", { id: "q", answers: { answers: { a: ["yes"] } } }),
    {
      ...request("chat.abort", { sessionKey: "main", agentId: "web" }),
      traceparent: "00-x",
      expectedProfileId: "p",
    },
  ])("go through: $method", async (frame) => {
    const { reached } = (await outcome(await connected(), JSON.stringify(frame))) as { reached: string };
    expect(JSON.parse(reached)).toEqual(frame);
  });

  it.each([
    ...[
      "config.get",
      "config.set",
      "config.patch",
      "config.schema",
      "exec.approval.resolve",
      "exec.approvals.set",
    ],
    ...["cron.add", "cron.list", "node.invoke", "node.list", "device.pair.approve", "device.token.rotate"],
    ...[
      "device.scopes.requestUpgrade",
      "update.run",
      "wizard.start",
      "secrets.resolve",
      "secrets.store.list",
    ],
    ...[
      "tools.invoke",
      "terminal.open",
      "fs.listDir",
      "agents.files.get",
      "skills.install",
      "channels.status",
    ],
    ...["sessions.reset", "sessions.files.set", "session.publicShare.set", "message.action", "send", "agent"],
    ...["logs.tail", "users.setRole", "users.list", "plugins.install", "browser.request", "system.info"],
    ...["", "Chat.send", "chat.send ", "chat.inject", "chat", "__proto__", "constructor", "toString"],
  ])("are answered here, and never reach OpenClaw: %j", async (method) => {
    const member = await connected();
    expect(await outcome(member, JSON.stringify(request(method)))).toEqual({ answer: REFUSED });
    expect(member.reached).toEqual([]);
  });

  it.each<[string, object]>([
    ["chat.send", { ...CHAT, deliver: true }],
    ["chat.send", { ...CHAT, originatingChannel: "telegram" }],
    ["chat.send", { ...CHAT, systemInputProvenance: {} }],
    ["chat.send", { ...CHAT, toolBindings: {} }],
    ["question.resolve", { id: "q", answers: { answers: {} }, secretStoreAllowedHosts: ["evil.example"] }],
    ["sessions.create", { agentId: "web", permissionMode: "workspace" }],
    ["sessions.create", { agentId: "web", cwd: "/" }],
    ["sessions.create", { agentId: "web", execNode: "pi" }],
    ["sessions.create", { agentId: "web", toolOverrides: {} }],
    ["sessions.patch", { key: "agent:web:main", permissionMode: null }],
    ["sessions.patch", { key: "agent:web:main", sandboxMode: "off" }],
    ["sessions.patch", { key: "agent:web:main", elevatedLevel: "on" }],
    ["sessions.patch", { key: "agent:web:main", execSecurity: "full" }],
  ])("with a parameter that lets the agent do more are refused: %s %j", async (method, params) => {
    expect(await outcome(await connected(), JSON.stringify(request(method, params)))).toEqual({
      answer: REFUSED,
    });
  });

  it.each<[string, object]>([
    ["chat.send", { ...CHAT, sessionKey: "agent:main:main" }],
    ["chat.send", { ...CHAT, sessionKey: "main" }],
    ["chat.send", { ...CHAT, sessionKey: " AGENT:main:main", agentId: "web" }],
    ["chat.send", { ...CHAT, sessionKey: "agent:web:main", agentId: "main" }],
    ["chat.send", { ...CHAT, sessionKey: ["agent:main:main"] }],
    ["chat.send", { ...CHAT, sessionKey: { toString: 1 } }],
    ["chat.send", { ...CHAT, sessionKey: "agent :web:main" }],
    ["chat.send", { ...CHAT, sessionKey: "agent\u00a0:web:main" }],
    ["chat.send", { ...CHAT, sessionKey: "agent\u200b:web:main" }],
    ["chat.send", { ...CHAT, sessionKey: "agent:web" }],
    ["chat.send", { ...CHAT, sessionKey: "agent:web:" }],
    ["chat.send", { ...CHAT, sessionKey: "agent:web::main" }],
    ["chat.send", { ...CHAT, sessionKey: "agent:main:agent:web:main" }],
    ["chat.history", { sessionKey: "agent::main" }],
    ["chat.history", { sessionKey: [["agent:main:main"]] }],
    ["chat.history", { sessionKey: "agent:web:main", agentId: ["web"] }],
    ["chat.history", { sessionKey: "agent:web:main", agentId: null }],
    ["sessions.preview", { keys: ["agent:web:a", "agent:main:b"] }],
    ["sessions.search", { sessionKeys: ["agent:main:b"] }],
    ["sessions.create", { agentId: "web", parentSessionKey: "agent:main:main" }],
    ["sessions.create", {}],
    ["chat.startup", {}],
    ["artifacts.list", { runId: "run-of-the-main-agent" }],
    ["artifacts.download", { taskId: "1", artifactId: "a" }],
    ["assistant.media.get", { source: "/home/pi/.openclaw/workspace/a.png" }],
    ["models.list", { agentId: 1 }],
  ])("about another agent than the role's are refused: %s %j", async (method, params) => {
    expect(await outcome(await connected(), JSON.stringify(request(method, params)))).toEqual({
      answer: REFUSED,
    });
  });

  it("that say a thing twice are read as they are checked", async () => {
    const text = `{"type":"req","id":"7","method":"config.set","method":"chat.send","params":{"deliver":true},"params":${JSON.stringify(CHAT)},"raw":1}`;
    const { reached } = (await outcome(await connected(), text)) as { reached: string };
    expect(reached).toBe(JSON.stringify(request("chat.send", CHAT)));
    expect(
      await outcome(await connected(), '{"type":"req","id":"7","method":"chat.send","method":"config.set"}'),
    ).toEqual({ answer: REFUSED });
  });

  it("are refused in order with those that go through, and told once for a socket", async () => {
    const member = await connected("max@example.com");
    for (let count = 0; count < 3; count += 1)
      expect(await outcome(member, JSON.stringify(request("config.get")))).toEqual({ answer: REFUSED });
    expect(await outcome(member, JSON.stringify(request("models.list")))).toHaveProperty("reached");
    const told = { event: "role refused", subject: "person:max@example.com", code: "ROLE_REFUSED" };
    await logged(gateway, told);
    expect(
      linesOf(gateway.log()).filter((line) => line.event === "role refused" && line.subject === told.subject),
    ).toHaveLength(1);
  });

  it("may have 25 MiB", async () => {
    const message = "x".repeat(25 * 1024 * 1024 - 1000);
    const text = JSON.stringify(request("chat.send", { ...CHAT, message }));
    const { reached } = (await outcome(await connected(), text)) as { reached: string };
    expect(reached === text).toBe(true);
  });
});

describe("what is no request of a member's closes the socket, and never reaches OpenClaw", () => {
  it.each<[string, string | Buffer]>([
    ["no JSON", "chat.send"],
    ["an empty message", ""],
    ["a text with something behind it", `${JSON.stringify(request("models.list"))} x`],
    ["two requests in one", `[${JSON.stringify(request("models.list"))}]`],
    ["an event", '{"type":"event","event":"node.event","payload":{}}'],
    ["an answer", '{"type":"res","id":"7","ok":true}'],
    ["a request without an id", '{"type":"req","method":"models.list"}'],
    ["a method that is a list", '{"type":"req","id":"7","method":["models.list"]}'],
    ["a method that only its prototype has", '{"__proto__":{"type":"req","id":"7","method":"models.list"}}'],
    ["parameters that are a list", '{"type":"req","id":"7","method":"models.list","params":["deliver"]}'],
    [
      "a request that is nested without end",
      `{"type":"req","id":"7","method":"models.list","params":{"a":${"[".repeat(100_000)}{"0":1}${"]".repeat(100_000)}}}`,
    ],
    ["a binary message", Buffer.from(JSON.stringify(request("models.list")))],
  ])("%s", async (_name, message) => {
    const member = await connected();
    const closed = Promise.all([closing(member.client), closing(member.upstream)]);
    member.client.send(message);
    const farewell = [1008, "Your role at this gateway sends requests in JSON, and nothing else."];
    expect(await closed).toEqual([farewell, farewell]);
    expect(member.reached).toEqual([]);
  });
});
