import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** How someone outside finds the rehearsed edge: by a name and a certificate authority, as the real one. */
export interface OutsideOptions {
  /** Host name of the gateway. */
  readonly hostname: string;
  readonly edgeAddress: string;
  readonly caCertificate: string;
  /** An empty folder for what the command reads; bound to `/mnt` of `root`. */
  readonly folder: string;
  /** Where the command runs; this project by default. With a root: a folder in it. */
  readonly cwd?: string;
  /** Root folder of another system to run the command in; this machine's by default. It is not written to. */
  readonly root?: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a program, unchanged, as if the rehearsed edge were the internet: in a mount namespace of its own its
 * /etc/hosts leads the gateway's name to the edge, and the environment names the authority in the three ways that
 * curl, Node and Python's OpenSSL know. Nothing of the machine is touched, and the namespace goes with the program.
 *
 * @returns what it wrote on standard output
 * @throws Error with all that it said when it fails or takes longer than a minute
 */
export async function runOutside(command: readonly string[], options: OutsideOptions): Promise<string> {
  const { folder, root = "" } = options;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "hosts"), `127.0.0.1 localhost\n${options.edgeAddress} ${options.hostname}\n`);
  await writeFile(join(folder, "ca.pem"), options.caCertificate);
  const ca = root ? "/mnt/ca.pem" : join(folder, "ca.pem");
  const enter = root
    ? 'mount --bind "$1" "$2/mnt"; mount --bind "$1/hosts" "$2/etc/hosts"; root=$2; shift 2; exec chroot "$root" "$@"'
    : 'mount --bind "$1/hosts" /etc/hosts; shift 2; exec "$@"';
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
      timeout: 60_000,
    },
  );
  return stdout;
}
