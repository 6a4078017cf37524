import { readFile } from "node:fs/promises";
import { tunnelPort } from "../../cloudflare/tunnel/server.ts";
import { packConnector } from "../deb.ts";
import type { Host } from "../host.ts";
import { connectorVersion } from "../packages.ts";
import { standInMark } from "./look.ts";

const inner = "usr/lib/openclaw-gateway-rehearsal/cloudflared";

/** Leads the connector to loopback, where the wire is: no name of that machine's is changed for it. */
const launcher = `#!/bin/sh
case $1 in
tunnel) exec /${inner} "$@" --edge 127.0.0.1:${tunnelPort} ;;
*) exec /${inner} "$@" ;;
esac
`;

/**
 * Installs the connector's stand-in as the package cloudflared, all that a rehearsal adds to a machine by itself. The
 * program then finds cloudflared installed and leaves apt alone, so the rehearsal's authority is trusted nowhere there.
 */
export async function installStandIn(
  host: Host,
  { connector, architecture }: { connector: string; architecture: string },
): Promise<void> {
  const version = `${connectorVersion}${standInMark}`;
  const programs = { "usr/bin/cloudflared": launcher, [inner]: await readFile(connector) };
  const deb = await packConnector({ version, architecture, programs });
  const install = `
    deb=$(mktemp /tmp/cloudflared.XXXXXX)
    base64 -d >"$deb" && dpkg --install "$deb" >/dev/null
    result=$?
    rm -f "$deb"
    exit $result`;
  await asRoot(host, install, deb.content.toString("base64"));
}

/** Removes it again; when it was never there that is no error. */
export const removeStandIn = (host: Host): Promise<void> =>
  asRoot(
    host,
    `case $(dpkg-query -W -f '\${Version}' cloudflared 2>/dev/null) in
    *${standInMark}) dpkg --purge cloudflared >/dev/null && { rmdir /usr/local/etc/cloudflared 2>/dev/null || true; } ;;
    esac`,
  );

async function asRoot(host: Host, command: string, stdin?: string): Promise<void> {
  const { code, stderr } = await host.exec(command, { asRoot: true, stdin, timeoutMs: 120_000 });
  if (code !== 0) throw new Error(stderr.trim());
}
