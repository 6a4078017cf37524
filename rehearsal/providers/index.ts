import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Progress } from "../progress.ts";

/** The folder of the project's `main`: where the engine would start a plugin, and so where the stand-ins run. */
const programFolder = join(import.meta.dirname, "../../infra");

const names = ["cloudflare", "command"] as const;

export interface ProvidersOptions {
  /** For the stand-ins: CLOUDFLARE_BASE_URL, CLOUDFLARE_API_TOKEN, SSH_AUTH_SOCK. Laid over this process's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly progress: Progress;
  /** What a relative `contentFile` is relative to; the project's infra/ unless told. */
  readonly cwd?: string;
}

export interface Providers {
  /** For the engine: PULUMI_DEBUG_PROVIDERS, and that it looks for no others. */
  readonly env: Record<string, string>;
  /** Their processes, the Cloudflare one first. */
  readonly pids: readonly number[];
  /** Settles when one of them ends on its own, which it never should: with what it said last. */
  readonly died: Promise<Error>;
  /**
   * Ends them.
   *
   * @throws when one had ended on its own before
   */
  close(): Promise<void>;
}

/** Starts the stand-ins for the provider plugins, as processes of their own that end with this one. */
export async function startProviders(options: ProvidersOptions): Promise<Providers> {
  return options.progress.step("provider plugins (stand-ins)", async () => {
    const started = names.map((name) => launch(name, options));
    const close = () => closeAll(started);
    try {
      const ports = await Promise.all(started.map(({ port }) => port));
      const attach = names.map((name, index) => `${name}:${ports[index]}`).join(",");
      return {
        env: {
          PULUMI_DEBUG_PROVIDERS: attach,
          // Else it tries to download the real ones that a state names, for 2.5 s, though it uses these.
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        },
        pids: started.map(({ pid }) => pid as number),
        died: Promise.race(started.map(({ died }) => died)),
        close,
      };
    } catch (error) {
      await close().catch(() => {});
      throw error;
    }
  });
}

interface StandIn {
  readonly pid: number | undefined;
  readonly port: Promise<number>;
  readonly died: Promise<Error>;
  close(): Promise<void>;
}

function launch(name: string, { env, cwd = programFolder }: ProvidersOptions): StandIn {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    // Ctrl-C goes to the whole group of the terminal: the program still needs the plugins to take things down.
    detached: true,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  let closing = false;
  let failure: Error | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message)); // it could not even be started
    child.once("close", (code, signal) => resolve(said.trim() || `${signal ?? `exit code ${code}`}`));
  });
  const died = new Promise<Error>((resolve) => {
    ended.then((reason) => {
      if (closing) return;
      failure = new Error(`the ${name} stand-in ended on its own: ${reason}`);
      resolve(failure);
    });
  });
  return {
    pid: child.pid,
    died,
    port: firstLine(child, ended, name),
    async close() {
      closing = true;
      child.kill();
      await ended;
      if (failure) throw failure;
    },
  };
}

/** The port on a plugin's first line. A plugin that ends before it or says nothing for 30 s is an error. */
async function firstLine(child: ChildProcess, ended: Promise<string>, name: string): Promise<number> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const line = once(lines, "line", { signal: AbortSignal.timeout(30_000) });
  const early = ended.then((reason): never => {
    throw new Error(`the ${name} stand-in did not start: ${reason}`);
  });
  try {
    const [port] = await Promise.race([line, early]);
    return Number(port);
  } finally {
    lines.close();
    // Whichever of the two lost the race has nobody left to tell.
    line.catch(() => {});
    early.catch(() => {});
  }
}

async function closeAll(standIns: readonly StandIn[]): Promise<void> {
  const results = await Promise.allSettled(standIns.map((standIn) => standIn.close()));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
