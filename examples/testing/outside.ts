import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** How someone outside finds what is rehearsed: by names and a certificate authority, as the real ones. */
export interface OutsideOptions {
  /** Addresses by host name. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly caCertificate: string;
  /** Lines of known_hosts for ssh, which asks nobody; this user's own by default. */
  readonly knownHosts?: string;
  /** A folder for what the command reads; bound to `/mnt` of `root`. */
  readonly folder: string;
  /** Where the command runs; this process's by default. */
  readonly cwd?: string;
  /** Root folder of another system to run the command in; this machine's by default. It is not written to. */
  readonly root?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Default: a minute. */
  readonly timeoutMs?: number;
}

/**
 * Runs a program, unchanged, as if what is rehearsed were the internet: in a mount namespace of its own its
 * /etc/hosts leads names to their rehearsed addresses, and the environment names the authority in the three ways that
 * curl, Node and Python's OpenSSL know. Nothing of the machine is touched, and the namespace goes with the program.
 *
 * @returns what it wrote on standard output
 * @throws Error with all that it said when it fails or takes too long
 */
export async function runOutside(command: readonly string[], options: OutsideOptions): Promise<string> {
  const { folder, root = "", hosts, knownHosts } = options;
  await mkdir(folder, { recursive: true });
  const names = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  await writeFile(join(folder, "hosts"), `127.0.0.1 localhost\n${names.join("")}`);
  await writeFile(join(folder, "ca.pem"), options.caCertificate);
  await writeFile(join(folder, "known_hosts"), knownHosts ?? "");
  await writeFile(
    join(folder, "ssh_config"),
    `GlobalKnownHostsFile ${join(folder, "known_hosts")}\nStrictHostKeyChecking yes\n`,
  );
  const ca = root ? "/mnt/ca.pem" : join(folder, "ca.pem");
  const sshConfig = knownHosts === undefined ? "" : 'mount --bind "$1/ssh_config" /etc/ssh/ssh_config; ';
  const enter = root
    ? 'mount --bind "$1" "$2/mnt"; mount --bind "$1/hosts" "$2/etc/hosts"; root=$2; shift 2; exec chroot "$root" "$@"'
    : `${sshConfig}mount --bind "$1/hosts" /etc/hosts; shift 2; exec "$@"`;
  const { stdout } = await promisify(execFile)(
    "unshare",
    ["--mount", "--propagation=private", "sh", "-euc", enter, "sh", folder, root, ...command],
    {
      cwd: options.cwd,
      env: {
        PATH: process.env.PATH ?? "",
        ...options.env,
        CURL_CA_BUNDLE: ca,
        NODE_EXTRA_CA_CERTS: ca,
        SSL_CERT_FILE: ca,
      },
      timeout: options.timeoutMs ?? 60_000,
    },
  ).catch((error: Error & { stdout?: string }) => {
    error.message += `\n${error.stdout ?? ""}`;
    throw error;
  });
  return stdout;
}
