import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";
import type { PiConfig } from "./config.ts";
import { lookAtPi } from "./pi-look.ts";
import { piScript, sudoSetting } from "./pi-script.ts";
import { runOverSsh } from "./ssh.ts";

const name = "reach";
const key = "openclaw-gateway:pi";
const keyPassword = "key-password-of-the-suite";
const sudoPassword = "sudo password of the suite, 'quoted' \\ ";

/** Ways to a Pi that are not the plain one, and a Pi that is out of reach, on the real sshd, sudo and engine. */
export function piReachSuite(stage: () => Stage): void {
  const config = (change: Partial<PiConfig> = {}): PiConfig => {
    const { address, port, user, hostKey, privateKey } = stage().host;
    return { host: address, port, user, hostKey, privateKey, openclawPort: 18789, ...change };
  };
  const asRoot = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await stage().host.exec(command, { asRoot: true, timeoutMs: 130_000 });
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  };
  const refusal = (change: Partial<PiConfig> = {}) =>
    lookAtPi(config(change)).then(
      () => "no refusal",
      (error: Error) => error.message,
    );

  describe("reaching the Pi", () => {
    let before: Inventory;
    let stack: Stack;
    let said = "";
    const listen = (text: string) => {
      said += text;
    };
    const hear = { onOutput: listen, onError: listen };
    /** What puts back what a test has changed on the Pi, the last first. */
    const restore: string[] = [];
    const change = async (command: string, back: string) => {
      restore.unshift(back);
      await asRoot(command);
    };
    const sudoAsks = async () => {
      await change(
        "mv /etc/sudoers.d /etc/sudoers.d.away && mkdir -m 750 /etc/sudoers.d",
        "rm -rf /etc/sudoers.d && mv /etc/sudoers.d.away /etc/sudoers.d",
      );
      await change("cp -p /etc/shadow /etc/shadow.suite", "mv -f /etc/shadow.suite /etc/shadow");
      await stage().host.exec("chpasswd", { asRoot: true, stdin: `pi:${sudoPassword}\n` });
    };

    beforeAll(async () => {
      before = await inventoryOf(stage().host);
      stack = await stage().workspace.stack(name, stackConfig(stage()));
    });
    afterEach(async () => {
      for (const command of restore.splice(0)) await asRoot(command);
      said = "";
    }, 180_000);
    afterAll(async () => {
      await stack.destroy().catch(() => {});
    });

    test("through a jump host, with a key that has a password, and a sudo that asks: up and destroy", async () => {
      await change(
        `ssh-keygen -q -t ed25519 -N ${keyPassword} -C suite -f /run/suite-key && cat /run/suite-key.pub >>/home/pi/.ssh/authorized_keys`,
        "rm -f /run/suite-key*; sed -i '/ suite$/d' /home/pi/.ssh/authorized_keys",
      );
      await sudoAsks();
      // All that sudo is started with, on whatever way.
      await change(
        `install -m 666 /dev/null /var/tmp/suite-sudo && printf '#!/bin/sh\\n{ printf "%%s\\\\n" "$@"; env; } >>/var/tmp/suite-sudo\\nexec /usr/bin/sudo "$@"\\n' >/usr/local/bin/sudo && chmod 755 /usr/local/bin/sudo`,
        "rm -f /usr/local/bin/sudo /var/tmp/suite-sudo",
      );
      const { host } = stage();
      await stack.setAllConfig(
        {
          [`${key}.host`]: { value: "127.0.0.1" },
          [`${key}.jump.host`]: { value: host.address },
          [`${key}.jump.user`]: { value: "pi" },
          [`${key}.jump.hostKey`]: { value: host.hostKey },
          [`${key}.privateKey`]: { value: await asRoot("cat /run/suite-key"), secret: true },
          [`${key}.privateKeyPassword`]: { value: keyPassword, secret: true },
          [`${key}.sudoPassword`]: { value: sudoPassword, secret: true },
        },
        true,
      );
      const { outputs } = await stack.up(hear);
      expect(outputs.pi?.value).toMatchObject({ openclaw: "2026.9.6", cloudflared: "2026.8.2" });
      const state = await readFile(
        join(stage().workspace.folder, `state/.pulumi/stacks/openclaw-gateway/${name}.json`),
        "utf8",
      );
      await stack.destroy(hear);
      const started = await asRoot("cat /var/tmp/suite-sudo");
      expect(started).toContain("-S");
      const journal = await asRoot("journalctl -q --no-pager -o export --since -5min");
      expect(journal).toContain("COMMAND=");
      for (const place of [state, said, started, journal])
        for (const secret of [sudoPassword, Buffer.from(sudoPassword).toString("base64"), keyPassword])
          expect(place).not.toContain(secret);
      for (const command of restore.splice(0)) await asRoot(command);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    }, 300_000);

    test("a sudo password that is wrong is found by the look, in one slow try", async () => {
      await sudoAsks();
      const [since = ""] = (await asRoot("date '+%Y-%m-%d %H:%M:%S'")).split("\n");
      expect(await refusal({ sudoPassword: "wrong" })).toMatch(
        /PI_SUDO_PASSWORD[\s\S]*does not take openclaw-gateway:pi.sudoPassword[\s\S]*config set --path --secret openclaw-gateway:pi.sudoPassword$/,
      );
      const tries = await asRoot(
        `journalctl -q --no-pager -t sudo --since '${since}' | grep 'incorrect password'`,
      );
      expect(tries.trim().split("\n")).toEqual([expect.stringContaining("1 incorrect password attempt ")]);
      expect(await refusal()).toMatch(
        /PI_SUDO_PASSWORD[\s\S]*sudo tee[\s\S]*--secret openclaw-gateway:pi.sudoPassword$/,
      );
      expect(await refusal({ sudoPassword })).toBe("no refusal");
      // As in a destroy after the password was changed on the Pi; with its own it is undone.
      const undo = async (password: string) => {
        const script = piScript("footprint", { asRoot: false });
        const inner = Buffer.from(piScript("connector", { asRoot: true }).stdin({ stack: "nobody" }));
        const nothing = Buffer.from(`${Buffer.from(":").toString("base64")}\n`).toString("base64");
        const stdin = script.stdin({
          connector: inner.toString("base64"),
          openclaw: nothing,
          firewall: nothing,
          audit: nothing,
          ...sudoSetting({ user: "pi", sudoPassword: password }),
        });
        return runOverSsh(config(), script.command("delete"), stdin);
      };
      const wrong = await undo("wrong");
      expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("PI_SUDO_PASSWORD") });
      expect(wrong.stderr).toContain("could not undo on the Pi: connector;");
      expect(await undo(sudoPassword)).toMatchObject({ code: 0, stdout: "{}\n" });
      for (const command of restore.splice(0)) await asRoot(command);
      // Where sudo does not ask, what was given for it reaches nobody.
      expect(await undo("not needed")).toMatchObject({ code: 0, stdout: "{}\n", stderr: "" });
    }, 60_000);

    test("as root needs no sudo, and finds OpenClaw to be another user's", async () => {
      await change(
        "mkdir -p -m 700 /root/.ssh && cp /home/pi/.ssh/authorized_keys /root/.ssh/ && chown -R root: /root/.ssh",
        "rm -rf /root/.ssh",
      );
      await change("mv /usr/bin/sudo /usr/bin/sudo.away", "mv /usr/bin/sudo.away /usr/bin/sudo");
      expect(await refusal({ user: "root" })).toMatch(
        /^OPENCLAW_OTHER_USER: [\s\S]*runs as pi[\s\S]*openclaw-gateway:pi.user pi /,
      );
      const script = piScript("connector", { asRoot: false });
      expect(
        await runOverSsh(
          config({ user: "root" }),
          script.command("delete"),
          script.stdin({ stack: "nobody" }),
        ),
      ).toMatchObject({ code: 0, stdout: "{}\n" });
    }, 60_000);

    longTest(
      "out of reach: destroy gives up within 30 s and keeps all, and pi.abandoned takes off the rest",
      async () => {
        await stack.setAllConfig(stackConfig(stage()), true);
        for (const setting of ["privateKeyPassword", "sudoPassword", "jump"])
          await stack.removeConfig(`${key}.${setting}`, true);
        await change("cp -p /home/pi/.openclaw/openclaw.json /run/suite.json", "rm /run/suite.json");
        await stack.up(hear);
        await change(
          "nft add table inet suite; nft 'add chain inet suite in { type filter hook input priority 0; }'; nft add rule inet suite in tcp dport 22 drop",
          "nft delete table inet suite 2>/dev/null || true",
        );
        const started = performance.now();
        await expect(stack.destroy(hear)).rejects.toThrow(
          /after 3 failed attempts: dial tcp .*:22: i\/o timeout/,
        );
        // 24.5 s of dialling, and what the engine takes by itself.
        expect((performance.now() - started) / 1000).toBeLessThan(35);
        const { deployment } = await stack.exportStack();
        for (const kept of ["footprint", "tunnel"])
          expect(JSON.stringify(deployment.resources)).toContain(`::${name}-${kept}"`);

        said = "";
        await stack.setConfig(`${key}.abandoned`, { value: "true" }, true);
        await stack.up(hear);
        expect(said).toContain(`PI_ABANDONED: pi.abandoned is set: ${stage().host.address} is left as it is`);
        await asRoot(`systemctl stop cloudflared-${name}`); // it is off
        await stack.destroy(hear);
        expect(stage().cloudflare.resources()).toEqual([]);
        // It runs again, and is cleaned by hand.
        const lines = [...said.matchAll(/: (sudo (?:systemctl|apt-get) .*)$/gm)].map(([, line]) => line);
        expect(lines).toHaveLength(2);
        for (const line of lines) await asRoot(`${line} >/dev/null 2>&1; systemctl daemon-reload`);
        await asRoot(
          `cp -p /run/suite.json /home/pi/.openclaw/openclaw.json; rm /home/pi/.openclaw/openclaw-gateway.${name}.json /home/pi/.openclaw/openclaw.json.bak; rmdir /etc/openclaw-gateway; rmdir /usr/local/etc/cloudflared 2>/dev/null || true`,
        );
        for (const command of restore.splice(0)) await asRoot(command);
        expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
      },
      300_000,
    );
  });
}
