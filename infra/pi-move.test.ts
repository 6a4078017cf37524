import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newKeyPair } from "../rehearsal/host/keys.ts";
import { type FakeHost, startFakeHost } from "../rehearsal/providers/testing/fake-host.ts";
import { openTestStack, type TestStack } from "../rehearsal/providers/testing/stack.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import type { PiConfig } from "./config.ts";
import { Pi } from "./pi.ts";
import { leftBehind } from "./pi-move.ts";

describe("what a changed config leaves behind", () => {
  const gate = { host: "gate.lan", port: 22, user: "me", hostKey: "key 3" };
  const before = { host: "pi.lan", port: 22, user: "pi", hostKey: "key 1", privateKey: "k" };
  test.each([
    ["nothing changed", {}, undefined],
    ["a new SD card: another key at the same address", { hostKey: "key 2" }, undefined],
    ["a new SD card with another user", { hostKey: "key 2", user: "me" }, undefined],
    ["a new address of the same Pi", { host: "10.0.0.7" }, undefined],
    ["another private key", { privateKey: "l" }, undefined],
    ["a jump host before the same Pi", { host: "10.0.0.7", proxy: gate }, undefined],
    ["another Pi at the same address behind a jump host", { hostKey: "key 2", proxy: gate }, before],
    [
      "another user, behind a jump host",
      { user: "me", host: "10.0.0.7", proxy: gate },
      { host: "10.0.0.7", proxy: gate },
    ],
    ["another user of the same Pi", { user: "me" }, before],
    ["another user, at the Pi's new address", { user: "me", host: "10.0.0.7" }, { host: "10.0.0.7" }],
    ["another Pi", { host: "10.0.0.7", hostKey: "key 2" }, before],
  ])("%s", (_what, change, left) => {
    const place = leftBehind(before, { ...before, ...change });
    if (left === undefined) expect(place).toBeUndefined();
    else expect(place).toEqual({ ...before, ...left });
  });
});

/** One address, behind which another machine can be put. */
async function startAddress() {
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((socket) => {
    const way = connect(target, "127.0.0.1");
    for (const end of [socket, way]) {
      sockets.add(end.on("error", () => {}));
      end.once("close", () => sockets.delete(end));
    }
    socket.pipe(way).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => sockets.forEach((socket) => void socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (host: FakeHost) => {
      target = host.port;
    },
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
}

describe("the Pi's steps on the real engine", { timeout: 120_000 }, () => {
  let one: FakeHost;
  let two: FakeHost;
  let gate: FakeHost;
  const locked = newKeyPair("ed25519", "of the test");
  let stack: TestStack;
  let address: Awaited<ReturnType<typeof startAddress>>;
  let said = "";

  const at = (host: FakeHost, port = host.port): PiConfig => ({
    host: "127.0.0.1",
    port,
    user: "pi",
    hostKey: host.hostKey.split(" ").slice(0, 2).join(" "),
    privateKey: host.privateKey,
    openclawPort: 18789,
  });
  const up = (config: PiConfig, enabled = false) => {
    said = "";
    stack.use(async () => {
      const args = { config, stack: "home", wanted, cloudflared, firewall, tunnelToken: "t" };
      new Pi("home", { ...args, auditLog: { ...auditLog, enabled } });
    });
    const hear = (text: string) => {
      said += text;
    };
    return stack.stack.up({ onOutput: hear, onError: hear });
  };
  /** The steps that a host was told to do, in order. */
  const steps = (host: FakeHost) =>
    host.runs.splice(0).flatMap(({ command }) => / (\w+ (?:create|delete)) \w+$/.exec(command)?.[1] ?? []);
  const answer = (command: string) => ({
    stdout: `${command.includes(" openclaw ") ? '{"token":"t","openclaw":"2026.9.6"}' : '{"cloudflared":"2026.8.2"}'}\n`,
  });
  const auditLog = { enabled: false, path: "/var/log/openclaw/audit.log", keepOnDestroy: true };
  const cloudflared = { version: "", upgrades: "apt" } as const;
  const firewall = { enabled: false, sshFrom: [], https: false };
  const wanted = { origin: "https://home.example.com", endpoints: [] };
  const allSteps = ["footprint create", "connector create", "openclaw create"];

  beforeAll(async () => {
    [one, two, gate, address] = await Promise.all([
      startFakeHost(),
      startFakeHost(),
      startFakeHost(),
      startAddress(),
    ]);
    one.letIn(locked.public);
    stack = await openTestStack("http://127.0.0.1:9/client/v4");
  }, 600_000);
  afterAll(async () => {
    await stack?.close();
    address?.close();
    await Promise.all([one?.close(), two?.close(), gate?.close()]);
  });
  beforeEach(() => {
    for (const host of [one, two]) Object.assign(host, { reply: answer }).runs.length = 0;
  });

  test("another OpenClaw profile of the same user has the old one's config put back first", async () => {
    await up({ ...at(one), profile: "anna" });
    expect(steps(one)).toEqual(allSteps);
    await up({ ...at(one), profile: "ben" });
    expect(steps(one)).toEqual(["openclaw delete", "footprint create", "openclaw create"]);
    expect(said).toContain("putting the config of the OpenClaw profile anna back");
    await stack.stack.destroy();
    expect(steps(one)).toContain("footprint delete");
  });

  test("a new SD card is set up by an ordinary up, and destroyed like the first", async () => {
    address.leadTo(one);
    await up(at(one, address.port));
    expect(steps(one)).toEqual(allSteps);
    address.leadTo(two);
    await up(at(two, address.port));
    expect(steps(two)).toEqual(allSteps);
    await stack.stack.destroy();
    expect([steps(one), steps(two)]).toEqual([[], ["footprint delete"]]);
  });

  test("another Pi is set up once the old one is clean, by its jump host and its key with a password", async () => {
    await up({
      ...at(one),
      privateKey: locked.private,
      privateKeyPassword: "of the test",
      jump: {
        host: "127.0.0.1",
        port: gate.port,
        user: "me",
        hostKey: gate.hostKey.split(" ").slice(0, 2).join(" "),
        privateKey: gate.privateKey,
      },
    });
    expect(steps(one)).toEqual(allSteps);
    gate.ways.length = 0;
    let cleanedFirst = false;
    two.reply = (command) => {
      cleanedFirst ||= one.runs.some((run) => run.command.includes("footprint delete"));
      return answer(command);
    };
    await up(at(two));
    expect(steps(one)).toEqual(["footprint delete"]);
    expect(cleanedFirst).toBe(true);
    expect(gate.ways).toEqual([`127.0.0.1:${one.port}`]);
    expect(steps(two)).toEqual(allSteps);
    await up(at(two));
    expect(steps(two)).toEqual([]);
    await stack.stack.destroy();
    expect(steps(two)).toEqual(["footprint delete"]);
  });

  longTest("an old Pi that cannot be cleaned is left with a warning", async () => {
    await up(at(one));
    one.reply = () => ({ stderr: "PI_NOT_CLEANED: could not undo on the Pi: connector\n", status: 1 });
    await up(at(two));
    expect(said).toContain(`PI_LEFT_BEHIND: what this stack made at -p ${one.port} pi@127.0.0.1`);
    expect(said).toContain("PI_NOT_CLEANED");
    expect(steps(two)).toEqual(allSteps);
    await stack.stack.destroy();
  });

  test("a Pi that moved keeps all of it when a destroy does not find it, and is cleaned once up has its address", async () => {
    const old = await startAddress();
    old.leadTo(one);
    await up(at(one, old.port));
    old.close();
    steps(one);
    await expect(stack.stack.destroy()).rejects.toThrow(
      `after 3 failed attempts: dial tcp 127.0.0.1:${old.port}: connect: connection refused`,
    );
    expect(steps(one)).toEqual([]);
    await up(at(one));
    await stack.stack.destroy();
    expect(steps(one)).toEqual([...allSteps, "footprint delete"]);
  });

  test("a step that the connection broke under runs again when the Pi is back", async () => {
    address.leadTo(one);
    let cuts = 0;
    one.reply = (command) => {
      if (command.includes("connector create") && cuts++ === 0) address.cut();
      return answer(command);
    };
    await up(at(one, address.port));
    expect(said).toMatch(/PI_CONNECTION_LOST[\s\S]*is back: the step runs again/);
    expect(steps(one)).toEqual([
      "footprint create",
      "connector create",
      "connector create",
      "openclaw create",
    ]);
    await stack.stack.destroy();
  });

  test("a step that says what is wrong is not repeated", async () => {
    one.reply = (command) =>
      command.includes("connector create") ? { stderr: "APT_FAILED: no\n", status: 1 } : answer(command);
    await expect(up(at(one))).rejects.toThrow(/APT_FAILED: no/);
    expect(steps(one)).toEqual(["footprint create", "connector create"]);
    await stack.stack.destroy();
    expect(steps(one)).toEqual(["footprint delete"]);
  });

  longTest(
    "the audit trail is a step of its own, which goes when it is taken out of the config",
    async () => {
      await up(at(one), true);
      expect(steps(one)).toEqual([...allSteps, "audit create"]);
      await up(at(one));
      expect(steps(one)).toEqual(["audit delete"]);
      await stack.stack.destroy();
      expect(steps(one)).toEqual(["footprint delete"]);
    },
  );

  test("a login shell that prints something does not hide the answer", async () => {
    one.reply = (command) => ({ stdout: `Welcome to your Pi!\n${answer(command).stdout}` });
    await up(at(one));
    await stack.stack.destroy();
  });
});
