import { afterEach, describe, expect, test } from "vitest";
import { newKeyPair } from "../rehearsal/host/keys.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";
import type { PiConfig } from "./config.ts";
import { lookAtPi } from "./pi-look.ts";

const otherKey = () => newKeyPair("ed25519");
const sudoersAway = "mv /etc/sudoers.d /etc/sudoers.d.away && mkdir -m 750 /etc/sudoers.d";
const sudoersBack = "rm -rf /etc/sudoers.d && mv /etc/sudoers.d.away /etc/sudoers.d";
const configFile = "/home/pi/.openclaw/openclaw.json";

/** The look before an up, at a real sshd and a real OpenClaw. */
export function piLookSuite(stage: () => Stage): void {
  const config = (change: Partial<PiConfig> = {}): PiConfig => {
    const { address, port, user, hostKey, privateKey } = stage().host;
    return { host: address, port, user, hostKey, privateKey, openclawPort: 18789, ...change };
  };
  const refusal = (change: Partial<PiConfig> = {}) =>
    lookAtPi(config(change)).then(
      () => "no refusal",
      (error: Error) => error.message,
    );
  const asRoot = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await stage().host.exec(command, { asRoot: true, timeoutMs: 130_000 });
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  };

  describe("the look at the Pi", () => {
    /** What puts back what a test has changed on the Pi, the last first. */
    const restore: string[] = [];
    const change = async (command: string, back: string) => {
      restore.unshift(back);
      await asRoot(command);
    };
    afterEach(async () => {
      for (const command of restore.splice(0)) await asRoot(command);
    }, 180_000);

    test("finds nothing wrong with a Pi that is ready, and leaves nothing there", async () => {
      const before = await inventoryOf(stage().host);
      await lookAtPi(config());
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    test("signs in with the keys of the SSH agent when the config has none", async () => {
      await lookAtPi(config({ privateKey: undefined }));
    });

    describe("on the way to it", () => {
      test("shows both fingerprints when the host key is another, and what a new SD card needs", async () => {
        const message = await refusal({
          hostKey: `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB${"A".repeat(86)}=`,
        });
        expect(message).toContain("PI_HOST_KEY_CHANGED");
        expect(message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).toHaveLength(2);
        const { stdout } = await stage().host.exec("ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub");
        expect(message).toContain(`shown  ${stdout.split(" ")[1]}`);
        expect(message).toContain("npx pulumi config set --path openclaw-gateway:pi.hostKey");
      });

      test("says that a pinned ed25519 key is not the one that is shown, though it is the Pi's", async () => {
        const { stdout } = await stage().host.exec("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
        const message = await refusal({ hostKey: stdout.trim() });
        expect(message).toMatch(/PI_HOST_KEY_TYPE: .* shows its ecdsa key, and its ed25519 key is pinned/);
        expect(message).toContain("ssh-keyscan -t ecdsa");
      });

      test.each<[string, Partial<PiConfig>]>([
        ["a key that is not let in", { privateKey: otherKey().private }],
        ["a user that does not exist", { user: "nobody-here" }],
      ])("says the same of %s: who, with what, and how to put a key there", async (_what, difference) => {
        const message = await refusal(difference);
        expect(message).toContain("PI_LOGIN_REFUSED");
        expect(message).toContain(`ssh-copy-id ${difference.user ?? "pi"}@`);
      });

      longTest(
        "gives up a Pi that swallows every packet within 30 s",
        async () => {
          await change(
            "nft add table inet suite; nft 'add chain inet suite in { type filter hook input priority 0; }'; nft add rule inet suite in tcp dport 22 drop",
            "nft delete table inet suite",
          );
          const started = performance.now();
          expect(await refusal()).toMatch(/PI_UNREACHABLE: .* port 22 was not reached in [2-9] tries: /);
          expect(performance.now() - started).toBeLessThan(32_000);
        },
        60_000,
      );
    });

    describe("at the machine", () => {
      test("says exactly what to do about a sudo that asks for a password, and that works as it stands", async () => {
        await change(sudoersAway, sudoersBack);
        await change(
          "cp -p /etc/shadow /etc/shadow.suite && echo pi:of-the-test | chpasswd",
          "mv -f /etc/shadow.suite /etc/shadow",
        );
        const message = await refusal();
        expect(message).toMatch(/PI_SUDO_PASSWORD[\s\S]*sudo asks pi for a password/);
        const [, line = ""] = /as pi: (echo .* && sudo chmod .*)$/m.exec(message) ?? [];
        // Once the password is typed, sudo does not ask again in the same shell (sudoers(5), timestamp_type).
        const { code, stderr } = await stage().host.exec(`echo of-the-test | sudo -S -v && ${line}`);
        expect({ code, stderr }).toMatchObject({ code: 0 });
        expect(await refusal()).toBe("no refusal");
      });

      test("tells a user who is in no sudoers file from one who has a password to type", async () => {
        await change(sudoersAway, sudoersBack);
        await change("gpasswd -d pi sudo", "gpasswd -a pi sudo");
        expect(await refusal()).toMatch(/PI_NO_SUDO[\s\S]*pi may not use sudo[\s\S]*as a user who may/);
      });

      test("says when there is no sudo at all", async () => {
        await change("mv /usr/bin/sudo /usr/bin/sudo.away", "mv /usr/bin/sudo.away /usr/bin/sudo");
        expect(await refusal()).toMatch(/PI_NO_SUDO[\s\S]*it has no sudo[\s\S]*apt-get install sudo/);
      });

      test("names the file system that is full, also when it is one of its own", async () => {
        await change("mount -t tmpfs -o size=20m suite /var/cache", "umount /var/cache");
        expect(await refusal()).toMatch(
          /PI_NO_SPACE[\s\S]*\/var\/cache has (20|19) MB left, and 150 MB are needed there/,
        );
      });

      test("says that a file system is read-only", async () => {
        await change("mount --bind /etc /etc && mount -o remount,bind,ro /etc", "umount /etc");
        expect(await refusal()).toMatch(/PI_READ_ONLY[\s\S]*\/etc cannot be written to/);
      });

      test("says that there is no curl, and nothing wrong of OpenClaw for it", async () => {
        await change("mv /usr/bin/curl /usr/bin/curl.away", "mv /usr/bin/curl.away /usr/bin/curl");
        expect(await refusal()).toMatch(
          /^PI_NO_CURL: .* is not ready:\n {2}it has no curl\n.*apt-get install curl$/,
        );
      });

      test("takes a 32-bit system on a 64-bit kernel, and not an ARMv6", async () => {
        const dpkg = (architecture: string, machine: string) =>
          `for p in dpkg:${architecture} uname:${machine}; do printf '#!/bin/sh\\necho %s\\n' "\${p#*:}" >/usr/local/bin/\${p%%:*}; chmod 755 /usr/local/bin/\${p%%:*}; done`;
        await change(dpkg("armhf", "aarch64"), "rm -f /usr/local/bin/dpkg /usr/local/bin/uname");
        expect(await refusal()).toBe("no refusal");
        await asRoot(dpkg("armhf", "armv6l"));
        expect(await refusal()).toMatch(/PI_ARCHITECTURE[\s\S]*ARMv6 machine \(Pi 1 or Zero\)/);
        await asRoot(dpkg("riscv64", "riscv64"));
        expect(await refusal()).toMatch(/PI_ARCHITECTURE[\s\S]*its architecture is riscv64/);
      });
    });

    describe("at OpenClaw", () => {
      const replaceConfig = async (text: string) => {
        await change(`cp -p ${configFile} ${configFile}.suite`, `mv -f ${configFile}.suite ${configFile}`);
        await stage().host.exec(`cat > ${configFile}`, { stdin: text });
      };

      test("names the user whose OpenClaw it is, and the config line", async () => {
        await change(
          "useradd -m -s /bin/sh -G sudo alice && mkdir -p /home/alice/.ssh && cp /home/pi/.ssh/authorized_keys /home/alice/.ssh/ && chown -R alice: /home/alice && echo 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice && mv /usr/local/bin/openclaw /usr/local/bin/openclaw.away",
          "mv /usr/local/bin/openclaw.away /usr/local/bin/openclaw; rm /etc/sudoers.d/alice; pkill -KILL -u alice; userdel -rf alice 2>/dev/null || true",
        );
        expect(await refusal({ user: "alice" })).toMatch(
          /OPENCLAW_OTHER_USER[\s\S]*OpenClaw belongs to pi, and not to alice[\s\S]*openclaw-gateway:pi.user pi /,
        );
        // Installed for all, so that alice has one too: but what answers is pi's.
        await asRoot("ln -s /opt/openclaw/node_modules/openclaw/openclaw.mjs /usr/local/bin/openclaw");
        try {
          expect(await refusal({ user: "alice" })).toMatch(/OPENCLAW_OTHER_USER[\s\S]*runs as pi/);
        } finally {
          await asRoot("rm /usr/local/bin/openclaw");
        }
      });

      test("says that there is none", async () => {
        await change(
          `systemctl --user -M pi@ stop openclaw-gateway; mv /usr/local/bin/openclaw /usr/local/bin/openclaw.away && mv /home/pi/.config/systemd /home/pi/.config/systemd.away`,
          `mv /usr/local/bin/openclaw.away /usr/local/bin/openclaw; mv /home/pi/.config/systemd.away /home/pi/.config/systemd; systemctl --user -M pi@ daemon-reload; systemctl --user -M pi@ start openclaw-gateway; timeout 90 sh -c 'until curl -sf -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.3; done'`,
        );
        await stage().host.exec("XDG_RUNTIME_DIR=/run/user/1000 systemctl --user daemon-reload");
        expect(await refusal()).toMatch(/OPENCLAW_NOT_FOUND[\s\S]*not installed for the user pi/);
      });

      test("says that it is too old", async () => {
        const file = "/opt/openclaw/node_modules/openclaw/package.json";
        await change(
          `cp -p ${file} /tmp/package.json.suite && sed -i 's/"version": "2026[^"]*"/"version": "2026.8.30"/' ${file}`,
          `mv /tmp/package.json.suite ${file}`,
        );
        expect(await refusal()).toMatch(
          /OPENCLAW_TOO_OLD[\s\S]*is 2026.8.30, and 2026.9.0 or later[\s\S]*openclaw update/,
        );
      });

      test("names the port that it is set to when the stack says another", async () => {
        expect(await refusal({ openclawPort: 19999 })).toMatch(
          /OPENCLAW_PORT[\s\S]*is set to port 18789, and the stack says 19999[\s\S]*pi.openclawPort 18789/,
        );
      });

      test("tells an OpenClaw that does not run from another program that answers on its port", async () => {
        const user = "systemctl --user -M pi@";
        await change(
          `${user} stop openclaw-gateway`,
          `${user} start openclaw-gateway && timeout 120 sh -c 'until curl -fs -m 5 -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.2; done'`,
        );
        expect(await refusal()).toMatch(
          /OPENCLAW_NOT_RUNNING[\s\S]*on port 18789 \(ECONNREFUSED; its service is inactive\)[\s\S]*openclaw gateway start/,
        );
        await change(
          `systemd-run -q --unit=suite-web node -e 'require("http").createServer((_, r) => r.end("hello")).listen(18789, "127.0.0.1")' && timeout 10 sh -c 'until curl -s -o /dev/null http://127.0.0.1:18789; do sleep 0.1; done'`,
          "systemctl stop suite-web",
        );
        expect(await refusal()).toMatch(
          /OPENCLAW_PORT_TAKEN[\s\S]*port 18789 is not OpenClaw's: node \(process \d+\) of root answers there/,
        );
      }, 200_000);

      test.each([
        [
          "{\n  gateway: {\n    port = 1\n",
          /OPENCLAW_CONFIG_INVALID[\s\S]*openclaw.json is not valid JSON5 in line 3/,
        ],
        ["[]", /OPENCLAW_CONFIG_INVALID[\s\S]*it holds no object/],
      ])("shows where the config is broken (%j)", async (text, words) => {
        await replaceConfig(text);
        expect(await refusal()).toMatch(words);
        expect((await stage().host.exec(`cat ${configFile}`)).stdout).toBe(text);
      });

      test.each([
        [
          "missing",
          "true",
          /OPENCLAW_CONFIG_MISSING[\s\S]*there is no \/home\/pi\/\.openclaw\/openclaw\.json[\s\S]*openclaw onboard/,
        ],
        ["a link", `ln -s ${configFile}.suite ${configFile}`, /OPENCLAW_CONFIG_LINK[\s\S]*symbolic link/],
        [
          "root's",
          `install -m 600 -o root ${configFile}.suite ${configFile}`,
          /OPENCLAW_CONFIG_UNREADABLE[\s\S]*pi may not read[\s\S]*sudo chown -R pi: /,
        ],
        [
          "read-only for pi",
          `install -m 644 -o root ${configFile}.suite ${configFile}`,
          /OPENCLAW_CONFIG_UNWRITABLE[\s\S]*pi may not change[\s\S]*sudo chown -R pi: /,
        ],
      ])("says what is wrong with a config that is %s", async (_what, command, words) => {
        await change(
          `mv ${configFile} ${configFile}.suite; ${command}`,
          `rm -f ${configFile}; mv ${configFile}.suite ${configFile}`,
        );
        expect(await refusal()).toMatch(words);
      });

      test("says that the config is managed by something else", async () => {
        const folder = "/home/pi/.config/systemd/user/openclaw-gateway.service.d";
        await change(
          `printf '[Service]\\nEnvironment=OPENCLAW_CONFIG_READONLY=1\\n' >${folder}/suite.conf; systemctl --user -M pi@ daemon-reload`,
          `rm ${folder}/suite.conf; systemctl --user -M pi@ daemon-reload`,
        );
        expect(await refusal()).toMatch(
          /OPENCLAW_CONFIG_READONLY[\s\S]*OPENCLAW_CONFIG_READONLY=1[\s\S]*gateway.trustedProxies/,
        );
      });
    });
  });
}
