import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { connectorScript } from "../rehearsal/cloudflare/index.ts";
import { ownArchitecture, packConnector } from "../rehearsal/host/deb.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";
import { connectorOnPi } from "./testing/connector-on-pi.ts";

const trusted = "/etc/openclaw-gateway-package-keys";
const wrapper = (program: string, body: string): [string, string] => [
  `cat >/usr/local/sbin/${program} <<'SH'\n#!/bin/sh\n${body}\nexec /usr/bin/${program} "$@"\nSH\nchmod 755 /usr/local/sbin/${program}`,
  `rm /usr/local/sbin/${program}`,
];

/** cloudflared's package on a real Debian: which key, which version, which upgrades. */
export function connectorPackageSuite(stage: () => Stage): void {
  describe("cloudflared's package on the Pi", () => {
    const { asRoot, change, create, newTunnel, remove } = connectorOnPi(stage);

    describe("the repository's key", () => {
      test("is not trusted when it is not known as Cloudflare's, and nothing is installed", async () => {
        const fingerprint = await asRoot(`cat ${trusted}`);
        await change(`mv ${trusted} /run/trusted`, `mv /run/trusted ${trusted}`);
        const { token } = await newTunnel("one");
        const { code, stderr } = await create("one", token);
        expect(code).toBe(1);
        expect(stderr).toContain(
          `CLOUDFLARED_KEY_UNKNOWN: the key that https://pkg.cloudflare.com gives is not one that is known as Cloudflare's: cloudflare-main.gpg (${fingerprint}) cloudflare-public-v2.gpg (${fingerprint})`,
        );
        expect(await asRoot("ls /usr/share/keyrings/cloudflare* 2>/dev/null || true")).toBe("");
        expect(await asRoot("dpkg-query -W cloudflared 2>/dev/null || true")).toBe("");
      });

      test("is read as gpg reads it, and a second key beside a known one is not let in", async () => {
        const fingerprint = await asRoot(`cat ${trusted}`);
        await change("mkdir -m 700 /run/keys", "gpgconf --homedir /run/keys --kill all; rm -rf /run/keys");
        const gpg = "gpg --homedir /run/keys --batch --quiet --passphrase ''";
        await asRoot(
          `${gpg} --quick-generate-key 'Somebody else <else@example.com>' rsa2048 default 7d && ${gpg} --export >/run/keys/else.gpg && curl -fsS https://pkg.cloudflare.com/cloudflare-main.gpg | cat - /run/keys/else.gpg >/run/keys/both.gpg`,
        );
        const other = await asRoot(
          "gpg --with-colons --show-keys /run/keys/else.gpg | sed -n '/^fpr/{s/^fpr:*//;s/://;p;q}'",
        );
        await change(
          ...wrapper(
            "curl",
            'case "$*" in *.gpg) while [ "$1" != -o ]; do shift; done; cp /run/keys/both.gpg "$2"; exit ;; esac',
          ),
        );
        const { token } = await newTunnel("one");
        const { stderr } = await create("one", token);
        expect(stderr).toContain(`cloudflare-main.gpg (${other})`);
        expect(stderr).not.toContain(fingerprint);
      });

      test("is taken under its other name where the first is gone", async () => {
        await change(
          ...wrapper(
            "curl",
            'case "$*" in *cloudflare-main.gpg) echo "curl: (22) The requested URL returned error: 404" >&2; exit 22 ;; esac',
          ),
        );
        const { token } = await newTunnel("one");
        expect(await create("one", token)).toMatchObject({ code: 0 });
      });
    });

    describe("its version", () => {
      test("is the exact one of the config, in place of an older one, and held there until destroy", async () => {
        const before = await inventoryOf(stage().host);
        const old = await packConnector({
          version: "2025.8.1",
          architecture: await ownArchitecture(),
          programs: {
            "usr/bin/cloudflared": (await readFile(connectorScript, "utf8")).replaceAll(
              "2026.8.2",
              "2025.8.1",
            ),
          },
        });
        await asRoot(
          "mkdir -p /var/lib/openclaw-gateway && touch /var/lib/openclaw-gateway/installed && base64 -d >/run/old.deb && dpkg -i /run/old.deb && rm /run/old.deb",
          old.content.toString("base64"),
        );
        const { token } = await newTunnel("one");
        expect(JSON.parse((await create("one", token)).stdout).cloudflared).toBe("2025.8.1");
        const pid = await asRoot("systemctl show -p MainPID --value cloudflared-one");
        const exact = { version: "2026.8.2", upgrades: "hold" } as const;
        expect(JSON.parse((await create("one", token, exact)).stdout).cloudflared).toBe("2026.8.2");
        expect(await asRoot("systemctl show -p MainPID --value cloudflared-one")).not.toBe(pid);
        expect(await asRoot("apt-mark showhold")).toBe("cloudflared");

        const second = await newTunnel("two");
        expect((await create("two", second.token, { version: "2026.1.0" })).stderr).toMatch(
          /^CLOUDFLARED_OTHER_VERSION: the stack one on this Pi wants cloudflared 2026.8.2, and this one 2026.1.0/,
        );
        expect((await create("two", second.token, exact)).code).toBe(0);
        await remove("one");
        expect(await asRoot("apt-mark showhold")).toBe("cloudflared");
        await remove("two");
        expect(await asRoot("apt-mark showhold")).toBe("");
        expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
      });

      test("is refused where the repository does not have it, with those that it has", async () => {
        const { token } = await newTunnel("one");
        expect((await create("one", token, { version: "2026.1.0" })).stderr).toMatch(
          /CLOUDFLARED_NO_VERSION: the repository has no cloudflared 2026.1.0; it has: 2026.8.2\n/,
        );
      });

      test("of somebody else's package stays what it is", async () => {
        await change(
          ...wrapper("cloudflared", 'echo "cloudflared version 2026.1.0 (built 2026-01-01)"; exit'),
        );
        const { token } = await newTunnel("one");
        expect((await create("one", token, { version: "2026.8.2" })).stderr).toMatch(
          /^CLOUDFLARED_OTHER_VERSION: cloudflared 2026.1.0 is installed, which this program did not do/,
        );
      });
    });

    test("is left to unattended-upgrades, after which the connector runs the new program", async () => {
      const { token } = await newTunnel("one");
      expect((await create("one", token, { upgrades: "unattended" })).stderr).toContain(
        "cloudflared is not upgraded by itself: the Pi has no unattended-upgrades; on the Pi: sudo apt-get install",
      );
      await change("install -m 755 /bin/true /usr/bin/unattended-upgrade", "rm /usr/bin/unattended-upgrade");
      expect((await create("one", token, { upgrades: "unattended" })).code).toBe(0);
      expect(await asRoot("apt-config dump Unattended-Upgrade::Origins-Pattern")).toContain(
        'Unattended-Upgrade::Origins-Pattern:: "origin=cloudflared,site=pkg.cloudflare.com";',
      );
      expect(await asRoot("apt-cache policy cloudflared")).toContain(
        "https://pkg.cloudflare.com/cloudflared any/main",
      );
      expect(await asRoot("apt-cache policy")).toContain("o=cloudflared");
      const pid = await asRoot("systemctl show -p MainPID --value cloudflared-one");
      await asRoot("apt-get install -q -y --reinstall cloudflared");
      await asRoot(
        `timeout 60 sh -c 'until [ "$(systemctl show -p MainPID --value cloudflared-one)" != ${pid} ] && systemctl is-active -q cloudflared-one; do sleep 0.1; done'`,
      );
      await create("one", token);
      expect(await asRoot("apt-config dump Unattended-Upgrade::Origins-Pattern")).not.toContain(
        "cloudflared",
      );
    });

    test.each(["arm64", "armhf"])("is the one for %s where dpkg says so", async (architecture) => {
      await change(
        ...wrapper("dpkg", `if [ "$*" = --print-architecture ]; then echo ${architecture}; exit; fi`),
      );
      const { token } = await newTunnel("one");
      await create("one", token);
      expect(await asRoot("cat /etc/apt/sources.list.d/cloudflared.list")).toContain(
        `[arch=${architecture} `,
      );
      expect(await asRoot("ls /var/lib/apt/lists | grep pkg.cloudflare.com.*Packages")).toMatch(
        new RegExp(`^pkg.cloudflare.com_cloudflared_dists_any_main_binary-${architecture}_Packages`),
      );
    });
  });
}
