import { afterEach, describe, expect, test } from "vitest";
import { piScript } from "../infra/pi-script.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { type CloudflareApi, cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";

const script = piScript("connector", { asRoot: true });

/** The connector step, on a real Debian with systemd, apt and sudo. */
export function connectorSuite(stage: () => Stage): void {
  const on = (operation: "create" | "delete", settings: Record<string, string>) =>
    stage().host.exec(script.command(operation), { stdin: script.stdin(settings), timeoutMs: 180_000 });
  const asRoot = async (command: string) =>
    (await stage().host.exec(command, { asRoot: true })).stdout.trim();

  describe("the connector on the Pi", () => {
    const api = (): CloudflareApi => cloudflareApi(stage().cloudflare);
    const made: { id: string; stack: string }[] = [];

    async function newTunnel(stack: string) {
      const tunnel = await api().createTunnel(`connector-suite-${stack}`);
      made.push({ id: tunnel.id, stack });
      return tunnel;
    }

    afterEach(async () => {
      for (const { id, stack } of made.splice(0)) {
        await on("delete", { stack });
        await api().deleteTunnel(id);
      }
    });

    test("comes from the signed repository, connects, and leaves nothing when it goes", async () => {
      const before = await inventoryOf(stage().host);
      const { id, token } = await newTunnel("one");
      const { code, stdout, stderr } = await on("create", { stack: "one", tunnel_token: token });
      expect(stderr).toBe(
        "installing cloudflared from https://pkg.cloudflare.com\nstarting cloudflared-one.service\n",
      );
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ cloudflared: "2026.8.2", unit: "cloudflared-one.service" });
      expect(await api().tunnelStatus(id)).toBe("healthy");

      const gone = await on("delete", { stack: "one" });
      expect(gone.stderr).toContain("removing cloudflared");
      expect(await api().tunnelStatus(id)).not.toBe("healthy");
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    test("changes nothing when it is run again", async () => {
      const { token } = await newTunnel("one");
      await on("create", { stack: "one", tunnel_token: token });
      const pid = await asRoot("systemctl show -p MainPID --value cloudflared-one");
      const again = await on("create", { stack: "one", tunnel_token: token });
      expect(again).toMatchObject({ code: 0, stderr: "" });
      expect(await asRoot("systemctl show -p MainPID --value cloudflared-one")).toBe(pid);
    });

    test("keeps the token where only root reads it", async () => {
      const { token } = await newTunnel("one");
      const { stdout, stderr } = await on("create", { stack: "one", tunnel_token: token });
      const file = "/etc/openclaw-gateway/one/tunnel-token";
      expect(await asRoot(`stat -c '%a %U' ${file} && cat ${file}`)).toBe(`600 root\n${token}`);
      expect(await asRoot("stat -c '%a %U' /etc/openclaw-gateway/one")).toBe("700 root");
      const everywhere = `ps -eo args; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; journalctl --no-pager; systemctl cat cloudflared-one; grep -rl . /var/log`;
      expect(`${await asRoot(`{ ${everywhere}; } 2>/dev/null`)}${stdout}${stderr}`).not.toContain(token);
    });

    test("runs confined: systemd rates it 1.5 or better", async () => {
      const { token } = await newTunnel("one");
      await on("create", { stack: "one", tunnel_token: token });
      const rating = await asRoot("systemd-analyze security --no-pager cloudflared-one.service | tail -n 1");
      expect(Number(/level for \S+: ([\d.]+)/.exec(rating)?.[1])).toBeLessThanOrEqual(1.5);
    });

    test("comes back after it was killed", async () => {
      const { id, token } = await newTunnel("one");
      await on("create", { stack: "one", tunnel_token: token });
      const pid = await asRoot("systemctl show -p MainPID --value cloudflared-one");
      // Type=notify: the unit is active again once the tunnel is connected.
      await asRoot(
        `kill -9 ${pid}; timeout 40 sh -c 'until [ "$(systemctl show -p MainPID --value cloudflared-one)" -gt ${pid} ] && systemctl is-active -q cloudflared-one; do sleep 0.2; done'`,
      );
      expect(await api().tunnelStatus(id)).toBe("healthy");
    });

    test("serves two stacks on one Pi, and the package goes with the last", async () => {
      const first = await newTunnel("one");
      const second = await newTunnel("two");
      await on("create", { stack: "one", tunnel_token: first.token });
      const { stderr } = await on("create", { stack: "two", tunnel_token: second.token });
      expect(stderr).toBe("starting cloudflared-two.service\n");
      await on("delete", { stack: "one" });
      expect(await api().tunnelStatus(second.id)).toBe("healthy");
      expect(await asRoot("readlink -f /usr/local/bin/cloudflared")).toBe("/usr/bin/cloudflared");
    });

    test("says why when Cloudflare does not take the token, and what is left of the try can be removed", async () => {
      const before = await inventoryOf(stage().host);
      const { token } = await newTunnel("one");
      const wrong = Buffer.from(
        JSON.stringify({
          ...JSON.parse(Buffer.from(token, "base64").toString()),
          s: Buffer.alloc(32).toString("base64"),
        }),
      ).toString("base64");
      const { code, stderr } = await on("create", { stack: "one", tunnel_token: wrong });
      expect(code).toBe(1);
      expect(stderr).toContain("TUNNEL_NOT_CONNECTED: cloudflared-one.service did not connect to Cloudflare");
      expect(stderr).toMatch(/Unauthorized: Invalid tunnel secret/);
      expect(stderr).not.toContain(wrong);
      expect((await on("delete", { stack: "one" })).code).toBe(0);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    test("refuses a package that is not signed by the repository's key", async () => {
      const { token } = await newTunnel("one");
      await asRoot(
        "install -m 644 /dev/null /usr/share/keyrings/cloudflare-main.gpg && mv /usr/bin/curl /usr/bin/curl.real && printf '#!/bin/sh\\nexit 0\\n' >/usr/bin/curl && chmod 755 /usr/bin/curl",
      );
      try {
        const { code, stderr } = await on("create", { stack: "one", tunnel_token: token });
        expect(code).toBe(1);
        expect(stderr).toContain("APT_FAILED");
        expect(stderr).toMatch(/not signed|NO_PUBKEY|Missing key/i);
      } finally {
        await asRoot("mv /usr/bin/curl.real /usr/bin/curl");
      }
    });

    test("deleting what was never made is no error", async () => {
      expect(await on("delete", { stack: "never" })).toMatchObject({ code: 0, stdout: "{}\n" });
    });
  });
}
