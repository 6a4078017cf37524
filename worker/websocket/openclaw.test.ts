import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { IDENTITY_HEADERS } from "../../contract/roles.ts";
import { GATEWAY_TOKEN } from "../testing/bindings.ts";
import { type Answer, ask, createDevice, type Device } from "../testing/device.ts";
import { ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { type RealOpenClaw, startRealOpenClaw, TOKEN_AUTH } from "../testing/real-openclaw.ts";
import { connect, refusal } from "../testing/socket.ts";

const HOOK_MS = 240_000;
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let openclaw: RealOpenClaw;
let gateway: TestGateway;
const stop = async () => {
  await gateway?.close();
  await openclaw?.close();
};

/** The Control UI's handshake of a device, through the gateway. */
async function handshake(device: Device, headers: Record<string, string> = {}, auth?: { token?: string }) {
  const socket = await connect(gateway, headers);
  return { socket, answer: await device.connect(socket, auth) };
}

const scopesOf = ({ payload }: Answer): readonly string[] =>
  (payload?.auth as { scopes: string[] } | undefined)?.scopes ?? [];

describe("the real OpenClaw behind the gateway, with its token in the browser", () => {
  beforeAll(async () => {
    openclaw = await startRealOpenClaw(TOKEN_AUTH);
    gateway = await startGateway({ openclawPort: openclaw.port });
  }, HOOK_MS);
  afterAll(stop);

  it.each(["203.0.113.9", "2001:db8::7"])("pairs no new device of %s without asking", async (address) => {
    const { socket, answer } = await handshake(
      createDevice(),
      { "cf-connecting-ip": address },
      { token: GATEWAY_TOKEN },
    );
    expect(answer).toMatchObject({ ok: false, error: { code: "NOT_PAIRED" } });
    expect(answer.error?.details).toMatchObject({ code: "PAIRING_REQUIRED" });
    socket.terminate();
  });

  it("would pair it at once without X-Forwarded-For", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${openclaw.port}/`, { headers: { origin: ORIGIN } });
    const answer = await createDevice().connect(socket, { token: GATEWAY_TOKEN });
    expect(answer.ok).toBe(true);
    expect(scopesOf(answer)).toContain("operator.admin");
    socket.terminate();
  });

  it.each(["127.0.0.1", "::1", "", "garbage"])(
    "is not reached by a client whose address is %j",
    async (ip) => {
      expect(await refusal(gateway, { "cf-connecting-ip": ip })).toEqual([400, "CLIENT_ADDRESS_REFUSED"]);
    },
  );

  it("lets nobody in with a wrong token, and says why it closes", async () => {
    const { answer } = await handshake(createDevice(), {}, { token: "wrong" });
    expect(answer).toMatchObject({ ok: false, error: { details: { code: "AUTH_TOKEN_MISMATCH" } } });
  });
});

describe("the real OpenClaw behind the gateway, with the sign-in at Access as the login", () => {
  const people = ["ada@example.com", "mel@example.com", "max@example.com"];
  const chatting = ["operator.read", "operator.write", "operator.questions"];
  beforeAll(async () => {
    openclaw = await startRealOpenClaw(
      {
        mode: "trusted-proxy",
        password: GATEWAY_TOKEN, // of who sits at the Pi
        identityScopes: { "ada@example.com": ["operator.admin"] },
        trustedProxy: {
          userHeader: IDENTITY_HEADERS.user,
          requiredHeaders: [IDENTITY_HEADERS.stack],
          allowUsers: people,
          allowLoopback: true,
          deviceAutoApprove: { enabled: true },
        },
      },
      // As infra/openclaw-wanted.ts has it.
      {
        roles: {
          default: "person",
          definitions: { person: { sessions: { others: "none" }, agents: "*", scopes: ["operator.admin"] } },
        },
      },
    );
    gateway = await startWith({});
  }, HOOK_MS);
  afterAll(stop);

  /** @param agents by role, those that it may talk to */
  function startWith(agents: object): Promise<TestGateway> {
    const [ada, mel, max] = people as [string, string, string];
    return startGateway({
      openclawPort: openclaw.port,
      bindings: {
        SIGN_IN: "access",
        OPENCLAW_GATEWAY_TOKEN: undefined,
        ROLES: JSON.stringify({
          people: { [ada]: "owner", [mel]: "member", [max]: "member" },
          services: {},
          agents,
        }),
      },
    });
  }

  const as = async (email: string) => ({ "cf-access-jwt-assertion": await gateway.team.person({ email }) });
  const open = async (email: string, device = createDevice(), auth = {}) =>
    handshake(device, await as(email), auth);

  it("lets a member's page in, with less than it asks for", async () => {
    const { socket, answer } = await open("mel@example.com");
    expect([...scopesOf(answer)].sort()).toEqual([...chatting].sort());
    expect(await ask(socket, "models.list")).toMatchObject({ ok: true });
    expect(await ask(socket, "sessions.list")).toMatchObject({ ok: true });
    expect(await ask(socket, "config.get")).toMatchObject({
      ok: false,
      error: { code: "FORBIDDEN", details: { code: "ROLE_REFUSED" } },
    });
    socket.terminate();
  });

  it("gives a member's device no more when it comes again with what OpenClaw gave it", async () => {
    const device = createDevice();
    const first = await open("mel@example.com", device);
    first.socket.terminate();
    const { deviceToken } = (first.answer.payload?.auth ?? {}) as { deviceToken?: string };
    const again = await open("mel@example.com", device, deviceToken ? { token: deviceToken } : {});
    expect([...scopesOf(again.answer)].sort()).toEqual([...chatting].sort());
    again.socket.terminate();
  });

  it("lets an owner's page do everything", async () => {
    const { socket, answer } = await open("ada@example.com");
    expect(scopesOf(answer)).toEqual(expect.arrayContaining(["operator.admin", "operator.approvals"]));
    expect(await ask(socket, "config.get")).toMatchObject({ ok: true });
    socket.terminate();
  });

  it("opens a member's page on a conversation of their own, which OpenClaw makes at the first word", async () => {
    const { socket, answer } = await open("mel@example.com");
    const { snapshot } = (answer.payload ?? {}) as { snapshot: { sessionDefaults: Record<string, string> } };
    const sessionKey = snapshot.sessionDefaults.mainSessionKey ?? "";
    expect(sessionKey).toMatch(/^agent:main:person-[0-9a-f]{32}$/);
    expect(await ask(socket, "chat.startup", { sessionKey })).toMatchObject({ ok: true });
    const sent = { sessionKey, message: "Hello", idempotencyKey: "hello" };
    expect(await ask(socket, "chat.send", sent)).toMatchObject({ ok: true, payload: { status: "started" } });
    const { features } = answer.payload as { features: { methods: string[] } };
    expect(features.methods).toContain("chat.send");
    expect(features.methods).not.toContain("config.get");
    socket.terminate();
  });

  it("keeps sessions apart by its own roles: a member finds no one else's", async () => {
    const [ada, mel, max] = await Promise.all(people.map((email) => open(email)));
    if (!ada || !mel || !max) throw new Error("three sockets");
    const created = await Promise.all(
      [ada, mel].map(({ socket }, index) => ask(socket, "sessions.create", { label: `private ${index}` })), // none twice
    );
    expect(created).toMatchObject([{ ok: true }, { ok: true }]);
    const [adas, mels] = created.map(({ payload }) => payload?.key);
    const history = async ({ socket }: { socket: WebSocket }, sessionKey: unknown) =>
      (await ask(socket, "chat.history", { sessionKey })).ok;
    expect(await Promise.all([history(mel, mels), history(mel, adas), history(max, mels)])).toEqual([
      true,
      false,
      false,
    ]);
    const { payload } = await ask(max.socket, "sessions.list");
    expect(payload?.sessions).toEqual([]);
    // Whoever has operator.admin administers them all.
    expect(await history(ada, mels)).toBe(true);
    for (const { socket } of [ada, mel, max]) socket.terminate();
  });

  it("is asked by a member for the agents of its role alone, however a session is named", async () => {
    await using limited = await startWith({ member: ["web"] });
    const token = await limited.team.person({ email: "max@example.com" });
    const socket = await connect(limited, { "cf-access-jwt-assertion": token });
    expect(await createDevice().connect(socket)).toMatchObject({ ok: true });
    const { socket: free } = await open("max@example.com"); // whose role has no agents of its own
    const say = async (sessionKey: string, on = socket) => {
      const { ok } = await ask(on, "chat.send", { sessionKey, message: "hi", idempotencyKey: sessionKey });
      return [sessionKey, ok];
    };
    expect(await say("agent:web:x")).toEqual(["agent:web:x", true]);
    for (const key of ["agent:main:x", "agent :web:x", "agent\u00a0:web:x", "web:x"]) {
      expect(await say(key)).toEqual([key, false]);
      expect(await say(key, free)).toEqual([key, true]);
    }
    free.terminate();
    socket.terminate();
  });
});
