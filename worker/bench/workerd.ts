import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const { default: program } = createRequire(createRequire(import.meta.url).resolve("miniflare"))(
  "workerd",
) as {
  default: string;
};

/** A workerd of its own that serves one Worker on loopback. */
export interface Workerd {
  readonly port: number;
  /** What the process has used so far, in milliseconds of CPU. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/**
 * Starts `workerd serve` with a config and its files.
 *
 * @param config text of a config (https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp)
 *   with a constant `config` and one socket
 * @param files what the config embeds, by name
 * @throws Error with what workerd said, when it ends before it listens
 */
export async function startWorkerd(
  config: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), "bench-workerd-"));
  for (const [name, content] of Object.entries({ ...files, "config.capnp": config })) {
    await writeFile(join(folder, name), content);
  }
  // What it logs is written and thrown away: formatting it is part of the work.
  const child = spawn(program, ["serve", "--control-fd=3", "config.capnp", "config"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (data) => {
    said = `${said}${data}`.slice(-2000);
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await Promise.race([
      listeningPort(child),
      ended.then(([code]) => Promise.reject(new Error(`workerd ended with ${code}: ${said}`))),
    ]);
    return { port, cpuMs: () => cpuMs(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** workerd tells on its control descriptor where it listens, one JSON object a line. */
async function listeningPort(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const { event, port } = JSON.parse(line) as { event: string; port?: number };
    if (event === "listen" && port) return port;
  }
  throw new Error("workerd did not tell where it listens");
}

/** Linux counts in hundredths of a second for user space (proc_pid_stat(5), fields 14 and 15; USER_HZ). */
function cpuMs({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
