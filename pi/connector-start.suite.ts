import { describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { connectorOnPi } from "./testing/connector-on-pi.ts";

/** Go's words for a clock that is off, as quic-go hands them on. */
const clockWords =
  'ERR Failed to dial a quic connection error="failed to dial to edge with quic: CRYPTO_ERROR 0x12a (local): tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before 2026-08-01T00:00:00Z" connIndex=0 event=0 ip=198.41.200.13';

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

    test("says that the clock is wrong", async () => {
      const { token } = await newTunnel("one");
      await change(
        `cat >/usr/local/sbin/cloudflared <<'SH'\n#!/bin/sh\nif [ "$1" = --version ]; then echo 'cloudflared version 2026.8.2 (built 2026-08-20)'; exit; fi\necho '${clockWords}' >&2\nexit 1\nSH\nchmod 755 /usr/local/sbin/cloudflared`,
        "rm /usr/local/sbin/cloudflared",
      );
      expect((await create("one", token, { changed: soon })).stderr).toMatch(
        /TUNNEL_NOT_CONNECTED: .*: by the Pi's clock its certificate is not valid\n {2}set the clock/,
      );
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
