import { spawn } from "node:child_process";

/** What a command that ended left behind. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  /** The command is killed, and the call fails, after this time. Default: a minute. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each piece of output, for progress. */
  readonly onOutput?: (text: string) => void;
}

/**
 * Runs a program of this machine to its end, whatever its exit code.
 *
 * @throws Error when it cannot be started or does not end in time
 */
export function capture(program: string, args: readonly string[], options: RunOptions = {}) {
  return new Promise<CommandResult>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      timeout: options.timeoutMs ?? 60_000,
      killSignal: "SIGKILL",
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      into.push(chunk);
      options.onOutput?.(chunk.toString());
    };
    child.stdout.on("data", collect(out));
    child.stderr.on("data", collect(err));
    child.stdin.on("error", () => {}); // a program may end without reading its input (EPIPE)
    child.stdin.end(options.stdin ?? "");
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const result = { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
      if (code !== null) resolve({ code, ...result });
      else
        reject(new Error(`${program} was ended by ${signal}: ${lastLines(result.stderr || result.stdout)}`));
    });
  });
}

/**
 * Runs a program that has to succeed.
 *
 * @returns its standard output
 * @throws Error with the program's last words when it exits with anything but 0
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}) {
  const { code, stdout, stderr } = await capture(program, args, options);
  if (code !== 0)
    throw new Error(`${program} ${args[0] ?? ""} failed (exit ${code}): ${lastLines(stderr || stdout)}`);
  return stdout;
}

/** The end of a long output: what a person needs to see of it. */
export const lastLines = (text: string, count = 8): string =>
  text.trim().split("\n").slice(-count).join("\n");
