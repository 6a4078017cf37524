import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { prepareBase } from "../../rehearsal/host/base.ts";
import { newKeyPair } from "../../rehearsal/host/keys.ts";
import { requireMachine } from "../../rehearsal/host/requirements.ts";
import { factLines, goodFacts } from "../../rehearsal/testing/pi-facts.ts";

/** One real sshd on loopback, as Debian has it; what it is asked to run is answered by a recorder. */
export interface BenchPi {
  readonly pid: number;
  readonly port: number;
  /** In authorized_keys form. */
  readonly hostKey: string;
  /** What the user `pi` signs in with. */
  readonly privateKey: string;
  /** Every command so far. */
  asked(): Promise<string[]>;
  close(): Promise<void>;
}

/** The user `pi` of the rehearsal's Debian (rehearsal/host/base.ts). */
const piUid = 1000;
const startWithinMs = 10_000;

/**
 * Starts the sshd of the rehearsal's Debian: out of its tree, so that none is installed on this machine, where it would
 * answer on port 22 from then on.
 *
 * @throws Error when this is not Linux, not root, or sshd does not start
 */
export async function startBenchPi(detail: (text: string) => void): Promise<BenchPi> {
  await requireMachine();
  const tree = join(await prepareBase(detail), "root");
  const folder = await mkdtemp(join(tmpdir(), "bench-pi-"));
  const [own, user] = [newKeyPair("ed25519"), newKeyPair("ed25519")];
  const port = await freePort();
  await layOut(folder, { port, hostKey: own.private, userKey: user.public });
  const script = join(import.meta.dirname, "sshd.sh");
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "unshare", "--mount", "sh", script, tree, folder],
    // Ctrl-C is for the program, which still wants to take its stacks down.
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  const ended = once(child, "close");
  const close = async () => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await listening(child.stderr, AbortSignal.timeout(startWithinMs));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pid: child.pid as number,
    port,
    hostKey: own.public,
    privateKey: user.private,
    asked: async () => (await readFile(join(folder, "asked"), "utf8")).split("\n").slice(0, -1),
    close,
  };
}

/** Written by root, and read by the user that sshd becomes. */
async function layOut(
  folder: string,
  { port, hostKey, userKey }: { port: number; hostKey: string; userKey: string },
): Promise<void> {
  const config = [
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    "HostKey /run/pi/host_key",
    "PidFile none",
    "AllowUsers pi",
    "AuthorizedKeysFile /run/pi/authorized_keys",
    "AuthenticationMethods publickey",
    "UsePAM yes", // as on Debian; without it an account that has no password counts as locked
    "DisableForwarding yes",
    "ForceCommand /run/pi/recorder",
  ];
  const found = { node: "24.21.0", entry: "", config: "", unit: "" };
  const files = {
    sshd_config: config.map((line) => `${line}\n`).join(""),
    authorized_keys: `${userKey}\n`,
    look: factLines(goodFacts()),
    connector: '{"cloudflared":"2026.8.2"}\n',
    openclaw: `${JSON.stringify({ token: "t".repeat(48), openclaw: "2026.9.6", found })}\n`,
    asked: "",
  };
  await chmod(folder, 0o755);
  await writeFile(join(folder, "host_key"), hostKey, { mode: 0o600 });
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o644 });
  await copyFile(join(import.meta.dirname, "recorder.sh"), join(folder, "recorder"));
  await chmod(join(folder, "recorder"), 0o755);
  await chown(join(folder, "asked"), piUid, piUid);
}

/** sshd wants to be told a port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Reads what sshd says, to the end of its life; resolves when it says that it listens. */
function listening(stderr: NodeJS.ReadableStream, signal: AbortSignal): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: stderr });
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the benchmark's sshd does not start: ${said.join("\n")}`));
    signal.addEventListener("abort", fail);
    lines.on("line", (line) => {
      if (said.length < 20) said.push(line);
      if (line.startsWith("Server listening")) resolve();
    });
    lines.once("close", fail);
  });
}
