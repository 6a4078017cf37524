import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Stage } from "../stage.ts";

export interface CliResult {
  readonly code: number;
  /** Standard output and standard error, as a person sees them. */
  readonly output: string;
}

/** Runs the real `pulumi` in the rehearsal's workspace, by Pulumi.yaml: what `npx pulumi` does for a user. */
export async function pulumiCli(
  { engine, workspace }: Pick<Stage, "engine" | "workspace">,
  ...args: string[]
): Promise<CliResult> {
  const path = engine.languageHost ? `${engine.languageHost}:${process.env.PATH}` : process.env.PATH;
  const child = spawn(engine.command, [...args, "--non-interactive", "--color=never"], {
    cwd: workspace.folder,
    env: { ...process.env, ...workspace.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 180_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { code: code ?? -1, output };
}
