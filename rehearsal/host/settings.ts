import { chmod, chown, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { KeyPair, KeyType } from "./keys.ts";

/** What makes one guest different from every other; all of it is made anew for each start. */
export interface GuestSettings {
  readonly name: string;
  /** The server's keys by type, as in the names of their files: OpenSSH PEM and public line. */
  readonly hostKeys: Readonly<Record<KeyType, KeyPair>>;
  /** Public line of the key that may log in as pi. */
  readonly userKey: string;
  /** PEM of an authority that the guest trusts besides Debian's. */
  readonly caCertificate: string;
  /** Fingerprint of a package key that its administrator trusts besides Cloudflare's (pi/connector-key.sh). */
  readonly packageKey?: string;
  /** What the guest finds by name: its only resolver is its hosts file. */
  readonly hosts: Readonly<Record<string, string>>;
  /** OpenClaw's configuration, the object that becomes openclaw.json. */
  readonly openclaw: object;
}

interface File {
  readonly text: string;
  readonly mode?: number;
}

const pi = 1000;
const home = "home/pi";

/**
 * Writes a guest's own files into a folder that becomes the topmost read-only layer of its root.
 *
 * @param base root folder of the guest's Debian, for the files that ours extend
 */
export async function writeSettings(layer: string, base: string, settings: GuestSettings): Promise<void> {
  for (const [path, file] of Object.entries(await listFiles(base, settings))) {
    await makeFolders(layer, dirname(path));
    await writeFile(join(layer, path), file.text);
    await chmod(join(layer, path), file.mode ?? 0o644);
    if (path.startsWith(home)) await chown(join(layer, path), pi, pi);
  }
  const wants = "etc/systemd/system/multi-user.target.wants";
  await makeFolders(layer, wants);
  await symlink("/etc/systemd/system/model-server.service", join(layer, wants, "model-server.service"));
}

async function listFiles(base: string, settings: GuestSettings): Promise<Record<string, File>> {
  const authorities = await readFile(join(base, "etc/ssl/certs/ca-certificates.crt"), "utf8");
  const modelServer = await readFile(new URL("model-server.mjs", import.meta.url), "utf8");
  return {
    "etc/hostname": { text: `${settings.name}\n` },
    "etc/hosts": { text: hostsFile(settings) },
    "etc/environment": { text: `${compileCache}\n` },
    ...Object.fromEntries(
      Object.entries(settings.hostKeys).flatMap(([type, key]): [string, File][] => [
        [`etc/ssh/ssh_host_${type}_key`, { text: key.private, mode: 0o600 }],
        [`etc/ssh/ssh_host_${type}_key.pub`, { text: `${key.public}\n` }],
      ]),
    ),
    // Both places, so that a later update-ca-certificates in the guest keeps it.
    "etc/ssl/certs/ca-certificates.crt": { text: `${authorities.trimEnd()}\n${settings.caCertificate}\n` },
    "usr/local/share/ca-certificates/rehearsal.crt": { text: settings.caCertificate },
    ...(settings.packageKey && {
      "etc/openclaw-gateway-package-keys": { text: `${settings.packageKey}\n` },
    }),
    "opt/rehearsal/model-server.mjs": { text: modelServer },
    "etc/systemd/system/model-server.service": { text: modelServerUnit },
    [`${home}/.ssh/authorized_keys`]: { text: `${settings.userKey}\n`, mode: 0o600 },
    [`${home}/.openclaw/openclaw.json`]: {
      text: `${JSON.stringify(settings.openclaw, null, 2)}\n`,
      mode: 0o600,
    },
  };
}

/** Folders as they are on the guest's Debian, since a layer's folder hides the owner and mode of the one below. */
async function makeFolders(layer: string, path: string): Promise<void> {
  const parts = path.split("/");
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = parts.slice(0, depth).join("/");
    const created = await mkdir(join(layer, folder), { recursive: true });
    if (!created) continue;
    const isHome = folder.startsWith(home);
    await chmod(join(layer, folder), isHome ? 0o700 : 0o755);
    if (isHome) await chown(join(layer, folder), pi, pi);
  }
}

const hostsFile = (settings: GuestSettings): string =>
  [
    "127.0.0.1 localhost",
    "::1 localhost ip6-localhost ip6-loopback",
    `127.0.1.1 ${settings.name}`, // as Debian's installer does; sudo warns without it
    ...Object.entries(settings.hosts).map(([name, address]) => `${address} ${name}`),
    "",
  ].join("\n");

// What OpenClaw's documentation advises for a Raspberry Pi (docs/install/raspberry-pi.md).
export const compileCache = "NODE_COMPILE_CACHE=/var/tmp/openclaw-compile-cache";

const modelServerUnit = `[Unit]
Description=The rehearsal's language model

[Service]
ExecStart=/usr/local/bin/node /opt/rehearsal/model-server.mjs
DynamicUser=yes
Restart=on-failure
`;
