import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Stage } from "../stage.ts";

export interface CliResult {
  readonly code: number;
  /** Standard output and standard error, as a person sees them. */
  readonly output: string;
}

/** A command that is under way. */
export interface CliRun {
  readonly result: Promise<CliResult>;
  /** The next piece of output. */
  said(): Promise<string>;
  /** To the engine, and with SIGKILL to all that it started: what it leaves running would hold the test's pipes. */
  kill(signal: NodeJS.Signals): void;
}

type Place = Pick<Stage, "engine" | "workspace">;

/** Runs the real `pulumi` in the rehearsal's workspace, by Pulumi.yaml: what `npx pulumi` does for a user. */
export const pulumiCli = (place: Place, ...args: string[]): Promise<CliResult> =>
  startPulumiCli(place, ...args).result;

/** The same, while it runs. */
export function startPulumiCli({ engine, workspace }: Place, ...args: string[]): CliRun {
  const path = engine.languageHost ? `${engine.languageHost}:${process.env.PATH}` : process.env.PATH;
  const child = spawn(engine.command, [...args, "--non-interactive", "--color=never"], {
    cwd: workspace.folder,
    env: { ...process.env, ...workspace.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 180_000,
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    result: once(child, "close").then(([code]) => ({ code: code ?? -1, output })),
    said: async () => String((await once(child.stdout, "data"))[0]),
    kill: (signal) =>
      process.kill(signal === "SIGKILL" ? -(child.pid as number) : (child.pid as number), signal),
  };
}
