import type { Host } from "../host/host.ts";

/** What a host looks like from the point of view of someone who wants it back as it was: one line a thing. */
export type Inventory = ReadonlySet<string>;

/**
 * Lists packages, system files with their content's hash, units, the firewall, and openclaw.json with its
 * hash.
 *
 * Left out is what any Debian changes by itself (logs, caches, the package database's own copies, scopes of logins) and OpenClaw's own
 * data beside its config (sessions, devices, the copy of the last good config that its gateway keeps): using an
 * assistant leaves those.
 */
export async function inventoryOf(host: Host): Promise<Inventory> {
  const script = `
    dpkg-query -W -f 'package \${Package} \${Version} \${db:Status-Abbrev}\\n'
    systemctl list-unit-files --no-legend --no-pager | awk '$2 != "transient" { print "unit", $1, $2 }'
    find /etc /usr/share/keyrings /usr/local /opt -xdev \\( -path /opt/openclaw -o -path /opt/node \\) -prune -o -type f -print |
      grep -vE '^/etc/(ld.so.cache|machine-id|resolv.conf|mtab)$' | sort | xargs -r sha256sum | awk '{ print "file", $2, $1 }'
    find /var/lib/apt/lists -maxdepth 1 -type f -name 'pkg*'
    find /etc /usr/local /var/lib/openclaw-gateway -xdev -mindepth 1 -printf 'path %p %m %u\\n' 2>/dev/null
    ! command -v nft >/dev/null || nft -s list ruleset | sed 's/^/firewall /'
    find /usr/bin /usr/sbin -xdev -printf 'program %p\\n'
    sha256sum '${host.openclawFolder}/openclaw.json'
    ls -A '${host.openclawFolder}' | grep -E '^openclaw' | grep -v last-good | sed 's/^/config /'
  `;
  const { code, stdout, stderr } = await host.exec(script, { asRoot: true, timeoutMs: 180_000 });
  if (code !== 0) throw new Error(`the host could not be looked through: ${stderr}`);
  return new Set(stdout.split("\n").filter(Boolean));
}

/** What is there now and was not before (`+`), and the other way round (`-`). */
export function differences(before: Inventory, after: Inventory): string[] {
  return [
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
  ];
}
