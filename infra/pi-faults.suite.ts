import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const name = "faults";
const hostKeyFile = "/etc/ssh/ssh_host_ecdsa_key";

/** What happens to a Pi in the middle of an up, and between two. */
export function piFaultsSuite(stage: () => Stage): void {
  describe("a Pi that fails", () => {
    let stack: Stack;
    let before: Inventory;
    let said = "";
    const listen = (text: string) => {
      said += text;
    };
    const hear = { onOutput: listen, onError: listen };
    const asRoot = async (command: string): Promise<string> => {
      const { code, stdout, stderr } = await stage().host.exec(command, { asRoot: true, timeoutMs: 130_000 });
      if (code !== 0) throw new Error(`${command}: ${stderr}`);
      return stdout;
    };
    const until = (condition: string) => asRoot(`timeout 90 sh -c 'until ${condition}; do sleep 0.1; done'`);
    /** Keeps the connector's step waiting, by dpkg's lock (fcntl; struct flock as on a 64-bit Linux). */
    const holdPackages = () =>
      asRoot(
        `systemd-run -q --collect --expand-environment=no --unit=faults-lock perl -MFcntl -e '$lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); open(F, ">>", "/var/lib/dpkg/lock-frontend") or die; fcntl(F, F_SETLK, $lock) or die; sleep 600'`,
      );
    const stepWaits = () =>
      until("pgrep -f [c]onnector.create >/dev/null && [ -e /etc/apt/sources.list.d/cloudflared.list ]");
    const letPackagesGo = () => asRoot("systemctl stop faults-lock 2>/dev/null || true");

    beforeAll(async () => {
      before = await inventoryOf(stage().host);
      stack = await stage().workspace.stack(name, stackConfig(stage()));
    });
    afterEach(async () => {
      await letPackagesGo();
      await stack.setAllConfig(stackConfig(stage()), true);
    });
    afterAll(async () => {
      await stack.destroy().catch(() => {});
    });

    test("whose SSH connection is cut in the middle of a step: the up goes on by itself", async () => {
      said = "";
      await holdPackages();
      const up = stack.up(hear);
      await stepWaits();
      await asRoot("pkill -KILL -f '^sshd(-session)?: pi'");
      await letPackagesGo();
      const { outputs } = await up;
      expect(said).toMatch(/PI_CONNECTION_LOST: the connection to .* was lost in the middle of a step/);
      expect(outputs.pi?.value).toMatchObject({ openclaw: "2026.9.6", cloudflared: "2026.8.2" });
      expect((await stack.up(hear)).summary.resourceChanges?.same).toBeGreaterThan(0);
      await stack.destroy(hear);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    }, 300_000);

    longTest(
      "with a new SD card: the look's own line and an ordinary up, and destroy cleans",
      async () => {
        await stack.up(hear);
        // The old card, as far as it can be seen from outside: nothing of the stack is on the new one, and its key is new.
        await asRoot(`cp -p ${hostKeyFile} /run/old-key && cp -p ${hostKeyFile}.pub /run/old-key.pub`);
        await asRoot(
          `systemctl disable -q --now cloudflared-${name}; rm -rf /etc/openclaw-gateway /var/lib/openclaw-gateway /etc/systemd/system/cloudflared-${name}.service; apt-get purge -q -y cloudflared >/dev/null 2>&1; rm -f /etc/apt/sources.list.d/cloudflared.list /usr/share/keyrings/cloudflare-main.gpg`,
        );
        await asRoot(`rm ${hostKeyFile} ${hostKeyFile}.pub && ssh-keygen -q -A && systemctl restart ssh`);
        try {
          const refusal = await stack.up(hear).then(
            () => "",
            (error: Error) => error.message,
          );
          expect(refusal).toContain("PI_HOST_KEY_CHANGED");
          const [, scan = ""] = /pi\.hostKey "\$\((ssh-keyscan .* \| cut -d' ' -f2-)\)"/.exec(refusal) ?? [];
          const { stdout } = await promisify(execFile)("sh", ["-c", scan], { timeout: 30_000 });
          await stack.setConfig("openclaw-gateway:pi.hostKey", { value: stdout.trim() }, true);
          const { outputs } = await stack.up(hear);
          expect(outputs.pi?.value).toMatchObject({ openclaw: "2026.9.6", cloudflared: "2026.8.2" });
          expect(await asRoot(`systemctl is-active cloudflared-${name}`)).toBe("active\n");
          await stack.destroy(hear);
        } finally {
          await asRoot(
            `mv -f /run/old-key ${hostKeyFile}; mv -f /run/old-key.pub ${hostKeyFile}.pub; systemctl restart ssh`,
          );
        }
        expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
      },
      300_000,
    );

    longTest(
      "that is restarted in the middle of a step: the up waits for it, and goes on",
      async () => {
        said = "";
        await holdPackages();
        const up = stack.up(hear);
        await stepWaits();
        await asRoot("systemctl reboot --force --force").catch(() => {});
        const { outputs } = await up;
        expect(said).toMatch(/PI_CONNECTION_LOST[\s\S]*is back: the step runs again/);
        expect(outputs.pi?.value).toMatchObject({ openclaw: "2026.9.6", cloudflared: "2026.8.2" });
        await stack.destroy(hear);
        expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
      },
      300_000,
    );
  });
}
