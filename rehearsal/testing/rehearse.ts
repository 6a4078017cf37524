import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What `npm run rehearse` runs. */
export const script = join(import.meta.dirname, "../../cli/rehearse.ts");

/** The command as a person starts it. */
export const rehearse = (...args: string[]) => rehearseIn({}, ...args);

/** The same with something else in its environment. */
export function rehearseIn(env: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  return { child, said };
}

/** Waits until standard error holds the text, or the process ends. */
export async function until(child: ChildProcess, said: { stderr: string }, text: string): Promise<void> {
  const ended = once(child, "exit");
  while (!said.stderr.includes(text)) {
    const next = await Promise.race([once(child.stderr as NodeJS.ReadableStream, "data"), ended]);
    if (child.exitCode !== null) throw new Error(`it ended before it said "${text}": ${said.stderr} ${next}`);
  }
}

/** What a rehearsal makes on this machine and has to take away again. */
export function traces(): string[] {
  const bridges = spawnSync("ip", ["-brief", "link"], { encoding: "utf8" }).stdout.match(/ocg-\S+/g) ?? [];
  const slots = "/run/openclaw-gateway";
  const folders = existsSync(slots) ? readdirSync(slots) : [];
  const guests = spawnSync("pgrep", ["--full", "systemd-nspawn.*ocg"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter(Boolean);
  // The children of a process that died go to init.
  const orphans = spawnSync(
    "pgrep",
    ["--parent", "1", "--full", "workerd|language-host.ts|rehearsal/providers/[a-z]+.ts"],
    {
      encoding: "utf8",
    },
  )
    .stdout.split("\n")
    .filter(Boolean);
  return [...bridges, ...folders, ...guests, ...orphans];
}
