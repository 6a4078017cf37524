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
  /** For the engine: PULUMI_DEBUG_PROVIDERS. */
  readonly env: Record<string, string>;
  /**
   * Ends them.
   *
   * @throws when one had ended on its own before, with what it said last
   */
  close(): Promise<void>;
}

/** Starts the stand-ins for the provider plugins, as processes of their own that end with this one. */
export async function startProviders(options: ProvidersOptions): Promise<Providers> {
  return options.progress.step("provider plugins (stand-ins)", async () => {
    const started: StandIn[] = [];
    try {
      for (const name of names) started.push(launch(name, options));
      const ports = await Promise.all(started.map(({ port }) => port));
      const attach = names.map((name, index) => `${name}:${ports[index]}`).join(",");
      return { env: { PULUMI_DEBUG_PROVIDERS: attach }, close: () => closeAll(started) };
    } catch (error) {
      await closeAll(started).catch(() => {});
      throw error;
    }
  });
}

interface StandIn {
  readonly port: Promise<number>;
  /** @throws when it had ended on its own */
  close(): Promise<void>;
}

function launch(name: string, { env, cwd = programFolder }: ProvidersOptions): StandIn {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = once(child, "exit");
  return {
    port: firstLine(child, () => said, name),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(
          `the ${name} stand-in ended on its own: ${said.trim() || `exit code ${child.exitCode}`}`,
        );
      }
      child.kill();
      await ended;
    },
  };
}

/** The port on a plugin's first line. A plugin that ends before it or says nothing for 30 s is an error. */
async function firstLine(child: ChildProcess, said: () => string, name: string): Promise<number> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const signal = AbortSignal.timeout(30_000);
  try {
    const [line] = await Promise.race([
      once(lines, "line", { signal }),
      once(child, "exit", { signal }).then(() => {
        throw new Error(`the ${name} stand-in did not start: ${said().trim()}`);
      }),
    ]);
    return Number(line);
  } finally {
    lines.close();
  }
}

async function closeAll(standIns: readonly StandIn[]): Promise<void> {
  const results = await Promise.allSettled(standIns.map((standIn) => standIn.close()));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
