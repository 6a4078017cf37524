import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { pulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const name = "failing";

/** A program that cannot go through: for its config, for the Pi's user, or in a step on the Pi. */
export function programFailsSuite(stage: () => Stage): void {
  describe("a program that fails", () => {
    let stack: Stack;
    let before: Inventory;
    let said = "";
    const secrets: Record<string, string> = {};
    const listen = (text: string) => {
      said += text;
    };
    const hear = { onOutput: listen, onError: listen };
    const restoreConfig = async () => {
      await stack.removeAllConfig(["openclaw-gateway:pi.port", "openclaw-gateway:pi.user"], true);
      await stack.setAllConfig(stackConfig(stage()), true);
    };

    beforeAll(async () => {
      const { cloudflare, host, workspace } = stage();
      before = await inventoryOf(host);
      stack = await workspace.stack(name, stackConfig(stage()));
      secrets.apiToken = cloudflare.apiToken;
      secrets.gatewayToken = host.gatewayToken;
      secrets.privateKey = ((host.privateKey ?? "").split("\n")[3] ?? "").trim();
    });
    afterAll(async () => {
      await stack.destroy().catch(() => {});
    });

    test("takes away what a failed step left on the Pi", async () => {
      const { host, cloudflare } = stage();
      const asRoot = (line: string) => host.exec(line, { asRoot: true });
      // Nothing that a look could find: it is the unit of this very stack that does not start.
      const dropIn = `/etc/systemd/system/cloudflared-${name}.service.d`;
      await asRoot(
        `mkdir ${dropIn} && printf '[Service]\\nExecStartPre=/bin/false\\n' > ${dropIn}/broken.conf`,
      );
      try {
        await expect(stack.up(hear)).rejects.toThrow(/TUNNEL_NOT_CONNECTED/);
        expect((await asRoot("dpkg-query -W cloudflared")).code).toBe(0);
        secrets.tunnelToken = (await asRoot(`cat /etc/openclaw-gateway/${name}/tunnel-token`)).stdout.trim();
      } finally {
        await asRoot(`rm -r ${dropIn}`);
      }
      await stack.destroy(hear);
      expect(cloudflare.resources()).toEqual([]);
      expect(differences(before, await inventoryOf(host))).toEqual([]);
    });

    test("looks at the Pi before it creates anything", async () => {
      await stack.setConfig("openclaw-gateway:pi.user", { value: "nobody-here" }, true);
      await expect(stack.up(hear).finally(restoreConfig)).rejects.toThrow(/PI_LOGIN_REFUSED/);
      expect(stage().cloudflare.resources()).toEqual([]);
    });

    test("lists all that is wrong with a config, before anything else", async () => {
      await stack.setAllConfig(
        { "openclaw-gateway:accountId": { value: "123" }, "openclaw-gateway:pi.port": { value: "0" } },
        true,
      );
      const refused = await pulumiCli(stage(), "preview", "--stack", name).finally(restoreConfig);
      expect(refused.code).not.toBe(0);
      expect(refused.output).toContain(`the config of stack "${name}" has 2 problems`);
      expect(refused.output).toContain("npx pulumi config set --path 'openclaw-gateway:accountId' VALUE");
    });

    longTest("signs in with the keys of the SSH agent when the config has none", async () => {
      await stack.removeConfig("openclaw-gateway:pi.privateKey", true);
      const { outputs } = await stack.up(hear);
      expect(outputs.pi?.value.cloudflared).toBe("2026.8.2");
      secrets.clientSecret = outputs.serviceTokens?.value.cli.clientSecret;
      await stack.destroy(hear);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    test("has shown no secret in any of its errors", () => {
      expect(said).toContain("TUNNEL_NOT_CONNECTED");
      expect(Object.values(secrets).every((secret) => secret.length >= 32)).toBe(true);
      for (const [what, secret] of Object.entries(secrets)) expect(said.includes(secret), what).toBe(false);
    });
  });
}
