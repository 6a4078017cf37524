import { createServer } from "node:net";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import type { PiConfig } from "./config.ts";
import { lookAtPi } from "./pi-look.ts";

const otherKey = () => ssh2.utils.generateKeyPairSync("ed25519");

/** The look before an up, at a real sshd and a real OpenClaw. */
export function piLookSuite(stage: () => Stage): void {
  const config = (change: Partial<PiConfig> = {}): PiConfig => {
    const { address, port, user, hostKey, privateKey } = stage().host;
    return { host: address, port, user, hostKey, privateKey, openclawPort: 18789, ...change };
  };
  const refusal = (change: Partial<PiConfig>) =>
    lookAtPi(config(change)).then(
      () => "no refusal",
      (error: Error) => error.message,
    );

  describe("the look at the Pi", () => {
    test("finds nothing wrong with a Pi that is ready", async () => {
      await lookAtPi(config());
    });

    test("signs in with the keys of the SSH agent when the config has none", async () => {
      await lookAtPi(config({ privateKey: undefined }));
    });

    test("shows both fingerprints when the host key is another, and what to do", async () => {
      const pinned = otherKey().public.split(" ").slice(0, 2).join(" ");
      const message = await refusal({ hostKey: pinned });
      expect(message).toContain("PI_HOST_KEY_CHANGED");
      expect(message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).toHaveLength(2);
      const { stdout } = await stage().host.exec("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
      expect(message).toContain(`shown  ${stdout.split(" ")[1]}`);
      expect(message).toContain("npx pulumi config set --path openclaw-gateway:pi.hostKey");
    });

    test("says that a key is not let in, and how to put it there", async () => {
      const message = await refusal({ privateKey: otherKey().private });
      expect(message).toContain("PI_LOGIN_REFUSED");
      expect(message).toContain("ssh-copy-id pi@");
    });

    test("gives up an address where nothing answers within 30 s, having tried more than once", async () => {
      const started = performance.now();
      const message = await refusal({ port: await closedPort(), host: "127.0.0.1" });
      expect(message).toMatch(/PI_UNREACHABLE: .* was not reached in [2-9][0-9]* tries: .*ECONNREFUSED/);
      expect(performance.now() - started).toBeLessThan(31_000);
    }, 40_000);

    test("tells a user without sudo from one with", async () => {
      await stage().host.exec("mv /etc/sudoers.d /etc/sudoers.d.away", { asRoot: true });
      try {
        expect(await refusal({})).toMatch(/PI_NO_SUDO[\s\S]*pi may not use sudo without a password/);
      } finally {
        await stage().host.exec("mv /etc/sudoers.d.away /etc/sudoers.d", { asRoot: true });
      }
    });

    test("says when OpenClaw does not run on the port of the config", async () => {
      expect(await refusal({ openclawPort: 19999 })).toMatch(
        /OPENCLAW_NOT_RUNNING[\s\S]*does not answer on port 19999/,
      );
    });
  });
}

/** A port of loopback that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
