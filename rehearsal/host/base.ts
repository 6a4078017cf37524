import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { cached } from "../cache.ts";
import { type Mirror, readMirror } from "./mirror.ts";
import { lastLines, run } from "./run.ts";

/** What a Raspberry Pi OS Lite has of the things that OpenClaw, our scripts and a person at a shell rely on. */
const packages = [
  ...["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd"], // boot, user sessions, lingering
  ...["openssh-server", "sudo", "passwd"],
  ...["curl", "ca-certificates", "gnupg", "perl-base"],
  ...["iproute2", "nftables", "iptables", "netbase"],
  ...["logrotate"],
  ...["procps", "less", "nano-tiny"],
  "libfaketime", // no Pi has it: for processes whose clock is wrong
];

/** Shell lines run on the finished tree, `$1`. */
const customize = [
  // Raspberry Pi OS gives its first user sudo without a password, and these groups among others.
  'chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash --groups adm,sudo,systemd-journal pi',
  'echo "pi ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/010_pi-nopasswd"',
  'chmod 0440 "$1/etc/sudoers.d/010_pi-nopasswd"',
  // Of the machine that built the tree nothing stays: neither its sources nor its way to the network.
  'rm -f "$1/etc/resolv.conf" "$1/etc/apt/sources.list" "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/ssh/"ssh_host_*',
  // .invalid never resolves (RFC 6761, 6.4): the guest has no internet, and apt is told so at once.
  'printf "Types: deb\\nURIs: http://debian.invalid/debian\\nSuites: stable\\nComponents: main\\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\\n" >"$1/etc/apt/sources.list.d/debian.sources"',
  'echo \'Acquire::Retries "0";\' >"$1/etc/apt/apt.conf.d/90rehearsal"',
  // Asks questions on a first boot, of a console that nobody reads.
  'ln -sf /dev/null "$1/etc/systemd/system/systemd-firstboot.service"',
  // Work that would only disturb a measurement: they reach for the network or are meant for real disks.
  'for unit in apt-daily.timer apt-daily-upgrade.timer fstrim.timer; do rm -f "$1/etc/systemd/system/timers.target.wants/$unit"; done',
];

/** What a Debian tree is made of. */
export interface TreeRecipe {
  /** Start of its name in the cache. */
  readonly name: string;
  /** Debian packages beside those that every Debian has. */
  readonly packages: readonly string[];
  /** Shell lines run on the finished tree, `$1`. */
  readonly customize: readonly string[];
}

/** The Debian that a guest gets where it is to be had. */
export const stableSuite = "trixie";

/**
 * The guest's Debian, built once: the current stable one, or this machine's own release where the archive does not
 * have it or this machine does not know its keys.
 *
 * @returns its root folder
 */
export async function prepareBase(detail: (text: string) => void): Promise<string> {
  const mirror = await readMirror();
  const recipe = { name: "host", packages, customize };
  try {
    return await debianTree(mirror, stableSuite, recipe, detail);
  } catch (error) {
    if (mirror.suite === stableSuite) throw error;
    return await debianTree(mirror, mirror.suite, recipe, detail);
  }
}

/**
 * A Debian tree of this release, built once and kept in the cache.
 *
 * @returns the cache's folder; the tree is `root` in it
 */
export function debianTree(
  mirror: Mirror,
  suite: string,
  { name, packages, customize }: TreeRecipe,
  detail: (text: string) => void,
): Promise<string> {
  const recipe = createHash("sha256")
    .update(JSON.stringify([packages, customize]))
    .digest("hex")
    .slice(0, 12);
  return cached(`${name}-${suite}-${process.arch}-${recipe}`, async (folder) => {
    await mkdir(`${folder}/root`);
    await run(
      "mmdebstrap",
      [
        ...["--mode=root", "--variant=minbase", "--format=directory"],
        `--include=${packages.join(",")}`,
        ...mirror.aptOptions.map((line) => `--aptopt=${line}`),
        '--aptopt=Acquire::Languages "none"',
        ...["doc", "man", "locale", "info"].map((kind) => `--dpkgopt=path-exclude=/usr/share/${kind}/*`),
        ...customize.map((hook) => `--customize-hook=${hook}`),
        ...[suite, `${folder}/root`, `deb ${mirror.uri} ${suite} main`],
      ],
      { timeoutMs: 6 * 60_000, onOutput: (text) => detail(lastLines(text, 1)) },
    );
  });
}
