import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newKeyPair } from "../rehearsal/host/keys.ts";
import { type FakeHost, startFakeHost } from "../rehearsal/providers/testing/fake-host.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { startSshAgent } from "../rehearsal/testing/ssh-agent.ts";
import type { PiConfig } from "./config.ts";
import { runOverSsh } from "./ssh.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

let host: FakeHost;
let config: PiConfig;

beforeAll(async () => {
  host = await startFakeHost();
  const hostKey = host.hostKey.split(" ").slice(0, 2).join(" ");
  const { port, privateKey } = host;
  config = { host: "127.0.0.1", port, user: "pi", hostKey, privateKey, openclawPort: 18789 };
});
afterAll(() => host.close());

async function refusalOf(change: Partial<PiConfig>): Promise<PiUnreachable> {
  try {
    await runOverSsh({ ...config, ...change }, "true", "");
  } catch (error) {
    if (error instanceof PiUnreachable) return error;
    throw error;
  }
  throw new Error("it was let in");
}

test("runs a command with its input", async () => {
  await expect(runOverSsh(config, "look", "settings")).resolves.toMatchObject({ code: 0 });
  expect(host.runs.at(-1)).toMatchObject({ command: "look", stdin: "settings" });
});

describe("a host key", () => {
  test("of the pinned type that is another shows both fingerprints, and the line to pin it after a comparison", async () => {
    const pinned = newKeyPair("ed25519").public.split(" ").slice(0, 2).join(" ");
    const { code, message, mend } = await refusalOf({ hostKey: pinned });
    expect(code).toBe("PI_HOST_KEY_CHANGED");
    expect(message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).toHaveLength(2);
    expect(mend).toMatch(/new SD card[\s\S]*ssh-keygen -lf \/etc\/ssh\/ssh_host_ed25519_key.pub/);
    expect(mend).toContain(`ssh-keyscan -t ed25519 -p ${host.port} 127.0.0.1 | cut -d' ' -f2-`);
  });

  test("of another type than the pinned one is said to be just that, with the ECDSA key's line", async () => {
    const { code, message, mend } = await refusalOf({
      hostKey: `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB${"A".repeat(86)}=`,
    });
    expect(code).toBe("PI_HOST_KEY_TYPE");
    expect(message).toContain("shows its ed25519 key, and its ecdsa key is pinned");
    expect(mend).toContain("ssh-keyscan -t ecdsa");
  });
});

describe("a key to sign in with", () => {
  test("that is the public one is named so", async () => {
    const { code, message, mend } = await refusalOf({ privateKey: host.hostKey });
    expect(code).toBe("PI_KEY_FORMAT");
    expect(message).toContain("is the public key");
    expect(mend).toContain("without .pub");
  });

  describe("that has a password", () => {
    let locked: string;
    beforeAll(() => {
      const key = newKeyPair("ed25519", "of the test");
      locked = key.private;
      host.letIn(key.public);
    });

    test("opens with it", async () => {
      await expect(
        runOverSsh({ ...config, privateKey: locked, privateKeyPassword: "of the test" }, "look", ""),
      ).resolves.toMatchObject({ code: 0 });
    });

    test("and is given none names both ways, and its text is not shown", async () => {
      const { code, message, mend } = await refusalOf({ privateKey: locked });
      expect(code).toBe("PI_KEY_PASSWORD");
      expect(message).toContain("protected by a password, which nobody is there to type");
      expect(mend).toContain("config set --path --secret openclaw-gateway:pi.privateKeyPassword");
      expect(mend).toContain("ssh-add FILE");
      expect(message + mend).not.toContain(locked.split("\n")[1]);
    });

    test("and is given another says so, and shows neither", async () => {
      const { code, message, mend } = await refusalOf({ privateKey: locked, privateKeyPassword: "sesame" });
      expect(code).toBe("PI_KEY_PASSWORD");
      expect(message).toContain("by another password than openclaw-gateway:pi.privateKeyPassword");
      expect(mend).toContain("ssh-add FILE");
      expect(message + mend).not.toContain("sesame");
    });
  });

  test("in a format that SSH does not know says how to turn it into one", async () => {
    const { code, mend } = await refusalOf({
      privateKey: `-----BEGIN ${"PRIVATE"} KEY-----\nAAAA\n-----END ${"PRIVATE"} KEY-----\n`,
    });
    expect(code).toBe("PI_KEY_FORMAT");
    expect(mend).toContain("ssh-keygen -p -f FILE");
  });

  test("that the host does not take names user and key, and the way to put it there", async () => {
    const { code, message, mend } = await refusalOf({
      privateKey: newKeyPair("ed25519").private,
    });
    expect(code).toBe("PI_LOGIN_REFUSED");
    expect(message).toContain("does not let pi in with openclaw-gateway:pi.privateKey");
    expect(mend).toContain(`ssh-copy-id -p ${host.port} pi@127.0.0.1`);
  });

  describe("from the SSH agent", () => {
    const withAgent = async (socket: string | undefined): Promise<PiUnreachable> => {
      vi.stubEnv("SSH_AUTH_SOCK", socket);
      try {
        return await refusalOf({ privateKey: undefined });
      } finally {
        vi.unstubAllEnvs();
      }
    };

    test("there is no agent", async () => {
      expect(await withAgent(undefined)).toMatchObject({
        code: "PI_NO_KEY",
        message: expect.stringContaining("no SSH agent runs"),
      });
    });

    test("the agent is gone", async () => {
      const refusal = await withAgent("/nonexistent/agent.sock");
      expect(refusal.code).toBe("PI_NO_KEY");
      expect(refusal.message).toContain("no SSH agent answers at /nonexistent/agent.sock");
    });

    test("it holds no key, and then one that the host does not know, which is shown by its fingerprint", async () => {
      const agent = await startSshAgent();
      try {
        const empty = await withAgent(agent.socket);
        expect(empty).toMatchObject({ code: "PI_NO_KEY", mend: expect.stringContaining("ssh-add") });
        agent.add(newKeyPair("ed25519").private);
        const unknown = await withAgent(agent.socket);
        expect(unknown.code).toBe("PI_LOGIN_REFUSED");
        expect(unknown.message).toMatch(/the SSH agent's key\n {4}SHA256:[A-Za-z0-9+/]{43}/);
      } finally {
        await agent.stop();
      }
    });
  });
});

describe("behind a jump host", () => {
  let gate: FakeHost;
  beforeAll(async () => {
    gate = await startFakeHost();
  });
  afterAll(() => gate.close());
  const jump = (change: Partial<NonNullable<PiConfig["jump"]>> = {}) => ({
    host: "127.0.0.1",
    port: gate.port,
    user: "me",
    hostKey: gate.hostKey.split(" ").slice(0, 2).join(" "),
    privateKey: gate.privateKey,
    ...change,
  });

  test("a command runs on the Pi, and each is signed in to with its own key", async () => {
    await expect(runOverSsh({ ...config, jump: jump() }, "look behind", "")).resolves.toMatchObject({
      code: 0,
    });
    expect(host.runs.at(-1)?.command).toBe("look behind");
    expect(gate.runs).toEqual([]);
    expect(gate.ways).toEqual([`127.0.0.1:${host.port}`]);
  });

  test("the Pi's key is shown at a jump host that has none of its own", async () => {
    gate.letIn(host.userKey);
    const shared = { ...config, jump: jump({ privateKey: undefined }) };
    await expect(runOverSsh(shared, "look", "")).resolves.toMatchObject({ code: 0 });
  });

  test("a changed host key is the jump host's, or the Pi's, with both fingerprints and its own line", async () => {
    const other = newKeyPair("ed25519").public.split(" ").slice(0, 2).join(" ");
    const gates = await refusalOf({ jump: jump({ hostKey: other }) });
    expect(gates.code).toBe("PI_HOST_KEY_CHANGED");
    expect(gates.message).toContain("the jump host 127.0.0.1 shows another host key");
    expect(gates.message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).toHaveLength(2);
    expect(gates.mend).toContain(`pi.jump.hostKey "$(ssh-keyscan -t ed25519 -p ${gate.port} 127.0.0.1 |`);
    const pis = await refusalOf({ jump: jump(), hostKey: other });
    expect(pis.code).toBe("PI_HOST_KEY_CHANGED");
    expect(pis.message).toMatch(/^127.0.0.1 shows another host key/);
    expect(pis.mend).toContain(
      `pi.hostKey "$(ssh -p ${gate.port} me@127.0.0.1 ssh-keyscan -t ed25519 -p ${host.port} 127.0.0.1 |`,
    );
  });

  test("a refused login is the jump host's, or the Pi's", async () => {
    const stranger = newKeyPair("ed25519").private;
    const gates = await refusalOf({ jump: jump({ privateKey: stranger }) });
    expect(gates).toMatchObject({
      code: "PI_LOGIN_REFUSED",
      message: expect.stringContaining(
        "the jump host 127.0.0.1 does not let me in with openclaw-gateway:pi.jump.privateKey",
      ),
      mend: expect.stringContaining(`ssh-copy-id -p ${gate.port} me@127.0.0.1`),
    });
    const pis = await refusalOf({ jump: jump(), privateKey: stranger });
    expect(pis.message).toMatch(/^127.0.0.1 does not let pi in with openclaw-gateway:pi.privateKey/);
    expect(pis.mend).toContain(
      `ssh-copy-id -o ProxyJump=me@127.0.0.1:${gate.port} -p ${host.port} pi@127.0.0.1`,
    );
    expect(pis.mend).toContain(`ssh -J me@127.0.0.1:${gate.port} -p ${host.port} pi@127.0.0.1 true`);
  });

  test("a protected key names the jump host's setting", async () => {
    const { private: locked } = newKeyPair("ed25519", "of the test");
    const { code, mend } = await refusalOf({ jump: jump({ privateKey: locked }) });
    expect(code).toBe("PI_KEY_PASSWORD");
    expect(mend).toContain("openclaw-gateway:pi.jump.privateKeyPassword");
  });

  test("a jump host that opens no way on is told apart", async () => {
    gate.allowForwarding = false;
    const { code, message, mend } = await refusalOf({ jump: jump() });
    gate.allowForwarding = true;
    expect(code).toBe("PI_JUMP_FORWARDING");
    expect(message).toContain(`does not open a way on to 127.0.0.1 port ${host.port}`);
    expect(mend).toContain("AllowTcpForwarding");
  });

  longTest(
    "a Pi, or a jump host, where nothing answers is given up within 30 s, and which of the two is said",
    async () => {
      const started = performance.now();
      const [pis, gates] = await Promise.all([
        refusalOf({ port: 9, jump: jump() }),
        refusalOf({ jump: jump({ port: 9 }) }),
      ]);
      expect(pis.message).toMatch(
        /^127.0.0.1 port 9 was not reached in [2-9] tries from the jump host 127.0.0.1, which was: /,
      );
      expect(gates.message).toMatch(
        /^the jump host 127.0.0.1 answers, but no SSH server does on its port 9 \([2-9] tries: /,
      );
      expect(performance.now() - started).toBeLessThan(31_000);
    },
    40_000,
  );
});

describe("an address", () => {
  test("that no name server knows is given up soon", async () => {
    const { code, message } = await refusalOf({ host: "no-such-pi.invalid" });
    expect(code).toBe("PI_NAME_UNKNOWN");
    expect(message).toContain("no-such-pi.invalid");
  });

  longTest(
    "where nothing listens is given up within 30 s, having been tried more than once",
    async () => {
      const started = performance.now();
      const { code, message } = await refusalOf({ port: 9 });
      expect(code).toBe("PI_NO_SSH");
      expect(message).toMatch(/[2-9][0-9]* tries: .*ECONNREFUSED/);
      expect(performance.now() - started).toBeLessThan(31_000);
    },
    40_000,
  );

  test("where something else than SSH answers is told apart from silence", async () => {
    const web = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"));
    }).listen(0, "127.0.0.1");
    await once(web, "listening");
    const { code, message } = await refusalOf({ port: (web.address() as AddressInfo).port });
    web.close();
    expect(code).toBe("PI_NO_SSH");
    expect(message).toContain("is not an SSH server");
  }, 40_000);
});
