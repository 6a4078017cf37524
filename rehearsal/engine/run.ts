import { spawn } from "node:child_process";
import { once } from "node:events";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this long the command and everything it started are killed. */
  readonly timeoutMs: number;
  /** Standard input: where secrets go, since arguments can be read by anyone on the machine. None by default. */
  readonly stdin?: string;
  /** Each piece of stderr as it comes. */
  readonly onStderr?: (text: string) => void;
}

/**
 * Runs a command to its end.
 *
 * @returns what it printed on stdout, trimmed
 * @throws with the end of what it said when it fails, cannot be started or takes too long
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  // A process group of its own: an installer's curl and tar must not outlive it.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  // A command that ends without having read it all (EPIPE) says why by its exit code.
  child.stdin.on("error", () => {}).end(options.stdin ?? "");
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-4000);
    options.onStderr?.(text);
  });
  let timedOut = false;
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended in the meantime (ESRCH, kill(2)).
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, options.timeoutMs);
  process.once("exit", killGroup);
  try {
    const [code] = await once(child, "close");
    if (timedOut) throw new Error(`${command} took longer than ${options.timeoutMs / 1000} s`);
    if (code !== 0) {
      const said = [stderr, stdout.slice(-4000)].map((text) => text.trim()).filter(Boolean);
      throw new Error(`${command} ${args[0] ?? ""} failed: ${said.join("\n") || `exit code ${code}`}`);
    }
    return stdout.trim();
  } finally {
    clearTimeout(timer);
    process.off("exit", killGroup);
  }
}
