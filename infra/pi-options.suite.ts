import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { type Credentials, type Visitor, visitorOf } from "../rehearsal/walk/visitor.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const name = "options";
const key = "openclaw-gateway";
const trail = "/var/log/openclaw/audit.log";

/** All that may be switched on for the Pi, in one stack, by the program itself. */
export function piOptionsSuite(stage: () => Stage): void {
  describe("a stack with everything on that may be", { timeout: 240_000 }, () => {
    let stack: Stack;
    let before: Inventory;
    let visitor: Visitor;
    let said = "";
    const listen = (text: string) => {
      said += text;
    };
    const up = async () => {
      said = "";
      return await stack.up({ onOutput: listen, onError: listen });
    };
    const asRoot = async (command: string): Promise<string> => {
      const { code, stdout, stderr } = await stage().host.exec(command, {
        asRoot: true,
        timeoutMs: 130_000,
      });
      if (code !== 0) throw new Error(`${command}: ${stderr}`);
      return stdout;
    };
    const set = (settings: Record<string, string>) =>
      stack.setAllConfig(
        Object.fromEntries(
          Object.entries(settings).map(([path, value]) => [`${key}:${path}`, { value }] as const),
        ),
        true,
      );
    /** The gateway's answer to somebody who talks the assistant's model into a tool. */
    const talkInto = async (tool: string, parameters: object, model: string) => {
      const content = `Use the tool ${tool} with ${JSON.stringify(parameters)}`;
      return await visitor.post("/v1/chat/completions", { model, messages: [{ role: "user", content }] });
    };

    beforeAll(async () => {
      before = await inventoryOf(stage().host);
      stack = await stage().workspace.stack(name, {
        ...stackConfig(stage()),
        [`${key}:webAgent.enabled`]: { value: "true" },
        [`${key}:auditLog.enabled`]: { value: "true" },
        [`${key}:firewall.enabled`]: { value: "true" },
        [`${key}:cloudflared.version`]: { value: "2026.8.2" },
        [`${key}:cloudflared.upgrades`]: { value: "hold" },
      });
      const { outputs } = await up();
      visitor = await visitorOf(String(outputs.url?.value), {
        edgeAddress: stage().cloudflare.edgeAddress,
        caCertificate: stage().ca.certificate,
        credentials: outputs.serviceTokens?.value.cli as Credentials,
        folder: `${stage().workspace.folder}/visitor-${name}`,
      });
    }, 240_000);
    afterAll(async () => {
      await stack.destroy().catch(() => {});
    });

    test("is built by one up, and the next finds nothing to do", async () => {
      expect(await asRoot("nft list tables")).toContain("inet openclaw_gateway");
      expect(await asRoot("apt-mark showhold")).toBe("cloudflared\n");
      expect(await asRoot(`systemctl is-active openclaw-gateway-audit-${name}.timer`)).toBe("active\n");
      await expectNoDrift(stack);
    });

    test("lets nobody who comes through the gateway reach the shell, whatever model they name", async () => {
      const touch = { command: "touch /home/pi/taken" };
      const unknown = /"The tool said: [^"]*(not found|Unknown tool)/i;
      for (const model of ["openclaw", "openclaw/web"])
        expect((await talkInto("exec", touch, model)).body).toMatch(unknown);
      for (const model of ["openclaw/main", "openclaw/default"]) {
        const { status, body } = await talkInto("exec", touch, model);
        expect([status, body]).toEqual([403, expect.stringContaining("MODEL_REFUSED")]);
      }
      expect(await asRoot("ls /home/pi/taken 2>&1 || true")).toContain("No such file");
    });

    test("writes what was asked of OpenClaw into the trail, on the Pi, without its words", async () => {
      await asRoot(`systemctl start openclaw-gateway-audit-${name}.service`);
      const text = await asRoot(`cat ${trail}`);
      expect(text).toContain('"actor":"agent:web"');
      expect(text).not.toContain("Use the tool");
    });

    test("changes where the trail is kept by the next up, and keeps what is there", async () => {
      await set({ "auditLog.path": "/var/log/openclaw/family/trail.log" });
      await up();
      expect(said).toContain(
        `the audit trail goes on in /var/log/openclaw/family/trail.log; ${trail} is kept`,
      );
      expect(await asRoot(`cat ${trail}`)).toContain('"actor":"agent:web"');
      expect(await asRoot("stat -c %s /var/log/openclaw/family/trail.log")).toBe("0\n");
      expect(await asRoot(`rm ${trail} && ls /etc/logrotate.d | grep openclaw`)).toBe(
        "openclaw-gateway_openclaw_family_trail.log\n",
      );
    });

    longTest("says that a Pi without logrotate lets the trail grow", async () => {
      await asRoot("mv /usr/sbin/logrotate /usr/sbin/logrotate.away");
      try {
        await set({ "auditLog.path": trail });
        await up();
        expect(said).toContain("note: this Pi has no logrotate");
      } finally {
        await asRoot("mv /usr/sbin/logrotate.away /usr/sbin/logrotate");
      }
    });

    test("lets each go again, and destroy leaves the trail alone", async () => {
      await set({ "webAgent.enabled": "false", "firewall.enabled": "false", "cloudflared.upgrades": "apt" });
      await up();
      expect(await asRoot("nft list tables; apt-mark showhold")).not.toMatch(/openclaw_gateway|cloudflared/);
      const touch = { command: "touch /home/pi/taken" };
      expect((await talkInto("exec", touch, "openclaw/main")).status).toBe(200);
      expect(await asRoot("ls /home/pi/taken && rm /home/pi/taken")).toBe("/home/pi/taken\n");
      said = "";
      await stack.destroy({ onOutput: listen, onError: listen });
      expect(said).toContain("the audit trail is kept: /var/log/openclaw/");
      await asRoot("rm -r /var/log/openclaw");
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });
  });
}
