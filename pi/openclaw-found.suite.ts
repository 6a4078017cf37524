import { afterEach, describe, expect } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { found, openclawOnPi } from "./testing/openclaw-on-pi.ts";

const unit = "openclaw-gateway.service";

/** The ways in which OpenClaw is installed and run on real Pis: the step finds each, and its config. */
export function openclawFoundSuite(stage: () => Stage): void {
  describe("OpenClaw as it is installed", () => {
    const { run, sh, models } = openclawOnPi(stage);
    const asRoot = async (command: string, stdin = "") => {
      const { code, stdout, stderr } = await stage().host.exec(command, { asRoot: true, stdin });
      if (code !== 0) throw new Error(`${command}: ${stderr}`);
      return stdout;
    };
    const untilReady = () =>
      sh("timeout 90 sh -c 'until curl -sf -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.3; done'");
    const answer = async () => {
      const { code, stdout, stderr } = await run("create");
      expect(stderr).not.toMatch(/^OPENCLAW/m);
      expect(code).toBe(0);
      return JSON.parse(stdout).found;
    };
    /** Takes OpenClaw's own unit out of the way, and its command off the PATH. */
    const hide = async () => {
      await sh(`systemctl --user stop ${unit}; mv ~/.config/systemd/user ~/.config/systemd/away`);
      await sh("systemctl --user daemon-reload");
      await asRoot(
        "mv /usr/local/bin/openclaw /usr/local/bin/openclaw.away; mv /usr/local/bin/node /usr/local/bin/node.away",
      );
    };
    const runInForeground = async (node: string, entry: string) => {
      await sh(
        `systemd-run --user -q --collect --unit=openclaw-by-hand --scope setsid ${node} ${entry} gateway --port 18789 >/dev/null 2>&1 </dev/null & :`,
      );
      await untilReady();
    };

    afterEach(async () => {
      await asRoot(
        "systemctl disable -q --now claw.service 2>/dev/null; rm -f /etc/systemd/system/claw.service; systemctl daemon-reload; for c in openclaw node; do [ ! -e /usr/local/bin/$c.away ] || mv /usr/local/bin/$c.away /usr/local/bin/$c; done",
      );
      await sh(
        `systemctl --user kill -s KILL openclaw-by-hand.scope 2>/dev/null; systemctl --user stop openclaw-by-hand.scope 2>/dev/null; [ ! -d ~/.config/systemd/away ] || { rm -rf ~/.config/systemd/user; mv ~/.config/systemd/away ~/.config/systemd/user; }; rm -rf ~/.nvm ~/.local/share/pnpm; systemctl --user daemon-reload; systemctl --user start ${unit}`,
      );
      await untilReady();
    });

    longTest("by nvm, run by hand: the process itself tells, though no PATH and no unit do", async () => {
      await hide();
      const bin = "/home/pi/.nvm/versions/node/v24.21.0/bin";
      await sh(
        `mkdir -p ${bin} && cp /opt/node/bin/node ${bin}/node && ln -s /opt/openclaw/node_modules/openclaw/openclaw.mjs ${bin}/openclaw`,
      );
      await runInForeground(`${bin}/node`, `${bin}/openclaw`);
      expect(await answer()).toEqual({
        ...found,
        entry: "/opt/openclaw/node_modules/openclaw/openclaw.mjs",
        unit: "",
      });
      expect(await models(stage().host.gatewayToken, 200)).toBe("200");
    });

    longTest("as a unit of the system's, with a config of another name", async () => {
      await hide();
      await sh("cp ~/.openclaw/openclaw.json ~/.openclaw/mine.json");
      await asRoot(
        "cat >/etc/systemd/system/claw.service && systemctl daemon-reload && systemctl start claw.service",
        `[Service]\nUser=pi\nEnvironment=OPENCLAW_CONFIG_PATH=/home/pi/.openclaw/mine.json OPENCLAW_NO_AUTO_UPDATE=1 OPENCLAW_DISABLE_BONJOUR=1\nExecStart=/opt/node/bin/node ${found.entry} gateway --port 18789\n`,
      );
      await untilReady();
      const before = await sh("cat ~/.openclaw/openclaw.json");
      expect(await answer()).toEqual({
        ...found,
        config: "/home/pi/.openclaw/mine.json",
        unit: "system claw.service",
      });
      expect(await sh("cat ~/.openclaw/openclaw.json")).toBe(before);
      expect(await run("delete")).toMatchObject({ code: 0 });
      expect(
        await sh(
          "cmp ~/.openclaw/openclaw.json ~/.openclaw/mine.json && rm ~/.openclaw/mine.json*; ls ~/.openclaw",
        ),
      ).not.toMatch(/mine|suite/);
    });

    longTest(
      "by pnpm, not running: its script leads to it, and a stack is taken off all the same",
      async () => {
        expect(await run("create")).toMatchObject({ code: 0 });
        await hide();
        // As pnpm writes it (@zkochan/cmd-shim).
        await sh(
          `mkdir -p ~/.local/share/pnpm/global/5 && ln -s /opt/openclaw/node_modules ~/.local/share/pnpm/global/5/node_modules && ln -s /opt/node/bin/node ~/.local/share/pnpm/node && cat >~/.local/share/pnpm/openclaw && chmod +x ~/.local/share/pnpm/openclaw`,
          `#!/bin/sh\nbasedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")\nif [ -x "$basedir/node" ]; then\n  exec "$basedir/node"  "$basedir/global/5/node_modules/openclaw/openclaw.mjs" "$@"\nelse\n  exec node  "$basedir/global/5/node_modules/openclaw/openclaw.mjs" "$@"\nfi\n`,
        );
        const { code, stderr } = await run("delete");
        expect(stderr).toContain("is as it was before");
        expect(code).toBe(0);
      },
    );
  });
}
