import { describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { connectorOnPi } from "./testing/connector-on-pi.ts";

/** For a process whose clock is a day behind, without the files in /dev/shm that a confined one may not make. */
const dayBehind = [
  "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1",
  "FAKETIME=-1d",
  "FAKETIME_DISABLE_SHM=1",
] as const;

/** Why the connector does not come up, and what else runs there, on a real Debian. */
export function connectorStartSuite(stage: () => Stage): void {
  describe("the connector's start on the Pi", () => {
    const { api, asRoot, change, create, newTunnel, remove } = connectorOnPi(stage);
    /** So that the test does not wait for a minute. */
    const soon = (source: string) => source.replace("TimeoutStartSec=60", "TimeoutStartSec=8");

    test("says that UDP 7844 is blocked", async () => {
      const { token } = await newTunnel("one");
      await change(
        "nft add table inet suite; nft 'add chain inet suite out { type filter hook output priority 0; }'; nft add rule inet suite out udp dport 7844 drop",
        "nft delete table inet suite",
      );
      expect((await create("one", token, { changed: soon })).stderr).toMatch(
        /TUNNEL_NOT_CONNECTED: .*: nothing came back over QUIC\n {2}let UDP port 7844 out/,
      );
    });

    test("says that the Pi finds no addresses", async () => {
      const { token } = await newTunnel("one");
      await change(
        "cp -p /etc/hosts /etc/hosts.suite && sed -i /argotunnel/d /etc/hosts",
        "mv -f /etc/hosts.suite /etc/hosts",
      );
      expect((await create("one", token, { changed: soon })).stderr).toMatch(
        /TUNNEL_NOT_CONNECTED: .*: the Pi finds no addresses of it\n {2}see the Pi's DNS/,
      );
    });

    describe("says that the clock is wrong", () => {
      const quoted = dayBehind.map((variable) => `'${variable}'`).join(" ");

      test("by which the package server's certificate is not valid yet", async () => {
        const { token } = await newTunnel("one");
        const changed = (source: string) => `export ${quoted}\n${source}`;
        expect((await create("one", token, { changed })).stderr).toMatch(
          /DOWNLOAD_FAILED: .* \(curl: .*certificate.*\)\n {2}its certificate is not trusted: is the Pi's clock right/,
        );
      });

      test.each([
        ["a day", "-1d", /DOWNLOAD_FAILED: .*: its certificate is not trusted\n {2}is the Pi's clock right/],
        ["half an hour", "-30m", /PI_CLOCK: /],
      ])("by which apt does not trust it, %s behind", async (_name, offset, words) => {
        const { token } = await newTunnel("one");
        const behind = quoted.replace("-1d", offset);
        const changed = (source: string) =>
          source.replace("noninteractive apt-get", `noninteractive env ${behind} apt-get`);
        expect((await create("one", token, { changed })).stderr).toMatch(words);
      });

      test("by which Cloudflare's edge is not trusted", async () => {
        const { token } = await newTunnel("one");
        const folder = "/etc/systemd/system/cloudflared-one.service.d";
        await change(
          `mkdir -p ${folder} && { echo '[Service]'; printf 'Environment=%s\n' ${quoted}; } >${folder}/clock.conf`,
          `rm -r ${folder}; systemctl daemon-reload`,
        );
        expect((await create("one", token, { changed: soon })).stderr).toMatch(
          /TUNNEL_NOT_CONNECTED: .*: by the Pi's clock its certificate is not valid\n {2}set the clock/,
        );
      });
    });

    test("leaves a tunnel alone that the Pi runs for something else, and keeps the package for it", async () => {
      const own = await newTunnel("own");
      const { token } = await newTunnel("one");
      const { token: theirs } = own;
      expect((await create("one", token)).code).toBe(0);
      await change(
        `mkdir /etc/cloudflared && printf %s '${theirs}' >/etc/cloudflared/token && printf '[Unit]\nDescription=mine\n[Service]\nType=notify\nExecStart=/usr/bin/cloudflared tunnel --no-autoupdate run --token-file /etc/cloudflared/token\n' | tee /etc/systemd/system/cloudflared.service >/etc/systemd/system/cloudflared-home.service && systemctl daemon-reload && systemctl start cloudflared`,
        "systemctl stop cloudflared; rm -r /etc/cloudflared /etc/systemd/system/cloudflared.service /etc/systemd/system/cloudflared-home.service; systemctl daemon-reload; apt-get purge -q -y cloudflared; rm -f /etc/apt/sources.list.d/cloudflared.list /usr/share/keyrings/cloudflare-main.gpg /var/lib/apt/lists/pkg.cloudflare.com_*; rmdir /usr/local/etc/cloudflared",
      );
      const state = () =>
        asRoot(
          "systemctl show -p MainPID,ActiveEnterTimestamp cloudflared; cat /etc/cloudflared/* /etc/systemd/system/cloudflared.service /etc/systemd/system/cloudflared-home.service; stat -c %Y /etc/cloudflared",
        );
      const before = await state();
      expect((await create("home", token)).stderr).toMatch(
        /^CLOUDFLARED_UNIT_TAKEN: the Pi has a cloudflared-home.service that this program did not make/,
      );
      expect((await remove("home")).stderr).toContain("leaving cloudflared-home.service");
      expect((await remove("one")).stderr).toMatch(
        /leaving cloudflared and its repository, which this program had installed: .*cloudflared.service/,
      );
      expect(await state()).toBe(before);
      expect(await api().tunnelStatus(own.id)).toBe("healthy");
    });
  });
}
