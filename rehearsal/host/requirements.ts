import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./run.ts";

/** Programs the rehearsal needs of this machine, with the Debian package each comes from. */
const programs: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  "systemd-nspawn": "systemd-container",
  nsenter: "util-linux",
  ip: "iproute2",
  gpg: "gnupg",
  "dpkg-deb": "dpkg",
  curl: "curl",
};

/**
 * Sees to it that this machine can run a guest; installs what is missing of Debian's packages.
 *
 * @throws Error in one sentence when this is not Linux, not root, or not a machine with apt
 */
export async function requireMachine(): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new Error(
      "The rehearsal's Pi is a Debian container, which needs Linux and root: run it as root there (or by sudo).",
    );
  await ensurePrograms(programs);
}

/**
 * Installs the Debian packages of those programs that this machine does not have.
 *
 * @param wanted each program's name with that of the package it comes from
 * @throws Error when something is missing and this is not root, or not a machine with apt
 */
export async function ensurePrograms(wanted: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.keys(wanted).filter((program) => !isInstalled(program));
  if (missing.length === 0) return;
  if (!isInstalled("apt-get") || process.getuid?.() !== 0)
    throw new Error(
      `Not installed here: ${missing.join(", ")}. As root on Debian they would be installed now.`,
    );
  await aptGet("update");
  await aptGet(
    "install",
    "--yes",
    "--no-install-recommends",
    ...new Set(missing.map((name) => wanted[name] ?? name)),
  );
}

/** Runs this machine's apt-get, with no questions asked. */
export const aptGet = (...args: string[]): Promise<string> =>
  run("apt-get", ["--quiet", ...args], {
    timeoutMs: 5 * 60_000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });

const isInstalled = (program: string): boolean =>
  [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].some((folder) =>
    existsSync(join(folder, program)),
  );
