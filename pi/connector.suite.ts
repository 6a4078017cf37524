import { afterEach, describe, expect, test } from "vitest";
import { piScript } from "../infra/pi-script.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { type CloudflareApi, cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";

const trusted = "/etc/openclaw-gateway-package-keys";
const script = piScript("connector", { asRoot: true });

/** The connector step, on a real Debian with systemd, apt and sudo. */
export function connectorSuite(stage: () => Stage): void {
  const wish = { version: "any", upgrades: "apt" };
  const on = (operation: "create" | "delete", settings: Record<string, string>) =>
    stage().host.exec(script.command(operation), {
      stdin: script.stdin(operation === "create" ? { ...wish, ...settings } : settings),
      timeoutMs: 180_000,
    });
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
      // Both at once, as two people's ups may be.
      const [one, two] = await Promise.all([
        on("create", { stack: "one", tunnel_token: first.token }),
        on("create", { stack: "two", tunnel_token: second.token }),
      ]);
      expect([one.code, two.code]).toEqual([0, 0]);
      const [later, earlier] = one.stderr.startsWith("waiting") ? [one, "two"] : [two, "one"];
      expect(later.stderr).toMatch(
        new RegExp(
          `^waiting for another step on the Pi to end: connector of the stack ${earlier}, process \\d+, since`,
        ),
      );
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
      expect(stderr).toContain(
        "TUNNEL_TOKEN_REFUSED: cloudflared-one.service did not connect to Cloudflare, which does not take the tunnel's token",
      );
      expect(stderr).toMatch(/Unauthorized: Invalid tunnel secret/);
      expect(stderr).not.toContain(wrong);
      expect((await on("delete", { stack: "one" })).code).toBe(0);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    test("refuses a package that is not signed by the repository's key", async () => {
      const { token } = await newTunnel("one");
      // Another key comes from there, and one that is trusted: the archive is not signed by it.
      const gpg = "gpg --homedir /run/keys --batch --quiet --passphrase ''";
      await asRoot(
        `mkdir -m 700 /run/keys && ${gpg} --quick-generate-key 'Another <another@example.com>' && ${gpg} --export >/run/another.gpg && cp -p ${trusted} /run/trusted && ${gpg} --with-colons --list-keys | sed -n 's/^fpr:*//p' | tr -d : >>${trusted}; gpgconf --homedir /run/keys --kill all; rm -r /run/keys; mv /usr/bin/curl /usr/bin/curl.real && printf '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done; cp /run/another.gpg "$2"\n' >/usr/bin/curl && chmod 755 /usr/bin/curl`,
      );
      try {
        const { code, stderr } = await on("create", { stack: "one", tunnel_token: token });
        expect(code).toBe(1);
        expect(stderr).toContain("REPOSITORY_UNSIGNED");
        expect(stderr).toMatch(/not signed|NO_PUBKEY|Missing key/i);
      } finally {
        await asRoot(
          `mv /usr/bin/curl.real /usr/bin/curl; mv -f /run/trusted ${trusted}; rm -f /run/another.gpg`,
        );
      }
    });

    describe("when the package cannot be installed", () => {
      const restore: string[] = [];
      const change = async (command: string, back: string) => {
        restore.unshift(back);
        expect(await stage().host.exec(command, { asRoot: true })).toMatchObject({ code: 0 });
      };
      afterEach(async () => {
        for (const command of restore.splice(0)) await asRoot(command);
      });
      const tryOn = async (input = (text: string) => text) => {
        const { token } = await newTunnel("one");
        return stage().host.exec(script.command("create"), {
          stdin: input(script.stdin({ ...wish, stack: "one", tunnel_token: token })),
          timeoutMs: 180_000,
        });
      };
      /** Takes dpkg's lock as apt does: by fcntl, which flock(1) does not. struct flock as on a 64-bit Linux. */
      const holdLock = (unit: string, then: string) =>
        change(
          `systemd-run -q --collect --expand-environment=no --unit=${unit} perl -MFcntl -e '$lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); open(F, ">>", "/var/lib/dpkg/lock-frontend") or die; fcntl(F, F_SETLK, $lock) or die; open(G, ">", "/run/${unit}.held"); close G; ${then}' && timeout 10 sh -c 'until [ -e /run/${unit}.held ]; do sleep 0.1; done'`,
          `systemctl stop ${unit} 2>/dev/null; rm -f /run/${unit}.held`,
        );
      /** The script with another patience than its own. */
      const withPatience = (seconds: number) => (text: string) => {
        const [encoded = "", ...settings] = text.split("\n");
        const source = Buffer.from(encoded, "base64").toString();
        const changed = source.replace("apt_patience_seconds=300", `apt_patience_seconds=${seconds}`);
        expect(changed).not.toBe(source);
        return [Buffer.from(changed).toString("base64"), ...settings].join("\n");
      };

      test("waits for another installation to end, and says so once", async () => {
        await holdLock("suite-lock", "sleep 8");
        const { code, stderr } = await tryOn();
        expect(stderr).toMatch(
          /waiting for another installation on the Pi to end \(process \d+ \(perl\)\)\nstarting cloudflared-one/,
        );
        expect(code).toBe(0);
      });

      test("names who holds the lock when it is not let go", async () => {
        await holdLock("suite-lock", "sleep 600");
        const { code, stderr } = await tryOn(withPatience(3));
        expect(code).toBe(1);
        expect(stderr).toMatch(/APT_LOCKED: .* did not end within 3 s: process \d+ \(perl\)\n {2}let it end/);
      });

      test("gives the commands that mend packages after a power cut", async () => {
        await change("printf 'Package: x\n' >/var/lib/dpkg/updates/0000", "rm /var/lib/dpkg/updates/0000");
        expect((await tryOn()).stderr).toMatch(
          /DPKG_BROKEN: [\s\S]*sudo dpkg --configure -a && sudo apt-get -f install/,
        );
      });

      test("says that the package server's name leads nowhere", async () => {
        await change(
          "cp -p /etc/hosts /etc/hosts.suite && sed -i '/pkg.cloudflare.com/d' /etc/hosts",
          "mv -f /etc/hosts.suite /etc/hosts",
        );
        expect((await tryOn()).stderr).toMatch(
          /DOWNLOAD_FAILED: could not download https:\/\/pkg.cloudflare.com\/cloudflare-main.gpg \(.*resolve host.*\)\n {2}.*getent hosts pkg.cloudflare.com/,
        );
      });

      test("says that the package server does not answer", async () => {
        await change(
          "nft add table inet suite; nft 'add chain inet suite out { type filter hook output priority 0; }'; nft add rule inet suite out tcp dport 443 reject with tcp reset",
          "nft delete table inet suite",
        );
        expect((await tryOn()).stderr).toMatch(
          /DOWNLOAD_FAILED: could not download .*\n {2}check the Pi's way to the internet: curl -I/,
        );
      });

      test("says that there is no room for it", async () => {
        await change(
          "mount -t tmpfs -o size=16k suite /var/cache/apt/archives && mkdir -p /var/cache/apt/archives/partial && { dd if=/dev/zero of=/var/cache/apt/archives/full bs=4k 2>/dev/null || true; }",
          "umount /var/cache/apt/archives",
        );
        expect((await tryOn()).stderr).toMatch(/PI_NO_SPACE: there is no room for the package/);
      });

      test("leaves an older cloudflared of another's as it is, and says how to renew it", async () => {
        const old = "/usr/local/sbin/cloudflared";
        await change(
          `printf '#!/bin/sh\necho "cloudflared version 2024.1.5 (built 2024-01-01)"\n' >${old} && chmod 755 ${old}`,
          `rm ${old}`,
        );
        expect((await tryOn()).stderr).toMatch(
          /CLOUDFLARED_TOO_OLD: cloudflared 2024.1.5 is installed, and Workers VPC needs 2025.7.0 or later; \/usr\/local\/sbin\/cloudflared did not come as a package\n {2}on the Pi: sudo cloudflared update/,
        );
        expect(await asRoot(`cat ${old}`)).toContain("2024.1.5");
      });

      test("says that apt is told to hold it", async () => {
        expect((await tryOn()).code).toBe(0);
        await change("apt-mark hold cloudflared", "apt-mark unhold cloudflared");
        const old = "/usr/local/sbin/cloudflared";
        await change(
          `printf '#!/bin/sh\necho "cloudflared version 2024.1.5 (built 2024-01-01)"\n' >${old} && chmod 755 ${old}`,
          `rm ${old}`,
        );
        const { token } = await newTunnel("two");
        expect((await on("create", { stack: "two", tunnel_token: token })).stderr).toMatch(
          /CLOUDFLARED_HELD: .* apt is told to hold it at that version\n {2}.*sudo apt-mark unhold cloudflared/,
        );
      });
    });

    test("takes another metrics port when a program has taken its own", async () => {
      const { id, token } = await newTunnel("one");
      await on("create", { stack: "one", tunnel_token: token });
      const port = await asRoot("cat /var/lib/openclaw-gateway/one/metrics-port");
      await asRoot(
        `systemctl stop cloudflared-one && systemd-run -q --unit=suite-port node -e 'require("http").createServer().listen(${port}, "127.0.0.1")' && timeout 10 sh -c 'until curl -s -m 1 -o /dev/null http://127.0.0.1:${port} || [ $? = 28 ]; do sleep 0.1; done'`,
      );
      try {
        expect(await on("create", { stack: "one", tunnel_token: token })).toMatchObject({ code: 0 });
        expect(await asRoot("cat /var/lib/openclaw-gateway/one/metrics-port")).not.toBe(port);
        expect(await api().tunnelStatus(id)).toBe("healthy");
      } finally {
        await asRoot("systemctl stop suite-port");
      }
    });

    test("deleting what was never made is no error", async () => {
      expect(await on("delete", { stack: "never" })).toMatchObject({ code: 0, stdout: "{}\n" });
    });
  });
}
