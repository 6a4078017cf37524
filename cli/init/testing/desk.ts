import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheRoot } from "../../../rehearsal/cache.ts";
import { type Engine, ensureEngine } from "../../../rehearsal/engine/index.ts";
import { run } from "../../../rehearsal/engine/run.ts";
import { quiet } from "../../../rehearsal/progress.ts";
import { atTerminal, type Terminal } from "./terminal.ts";

const root = join(import.meta.dirname, "../../..");
/** What `npm run` runs. */
const script = (command: DeskCommand) => join(root, `cli/${command}.ts`);
export type DeskCommand = "init" | "family" | "rotate";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DeskRun {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  readonly cwd?: string;
  /** After this long it is killed: two minutes unless told. */
  readonly timeoutMs?: number;
  /** Told each piece of standard error, with the process. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** A newcomer's desk: a clone of the project and a home folder of their own, where nothing was ever set up. */
export interface Desk {
  readonly project: string;
  readonly home: string;
  /** A folder for the state, of the desk's own: `file://~` is the home that the user database has, not $HOME. */
  readonly backend: string;
  /** What every command here runs with. */
  readonly env: NodeJS.ProcessEnv;
  /** `npm run init` at a terminal. */
  sitDown(args?: readonly string[], env?: NodeJS.ProcessEnv): Terminal;
  /** The same without a terminal. */
  run(args: readonly string[], options?: DeskRun): Promise<Said>;
  /** `npm run family` without a terminal. */
  family(args: readonly string[], options?: DeskRun): Promise<Said>;
  /** The engine's own command, as the person might have used it before. */
  pulumi(args: readonly string[], env: Readonly<Record<string, string>>, stdin?: string): Promise<string>;
  clear(): Promise<void>;
}

/**
 * @param apiUrl where Cloudflare is
 * @param command another command of the project's than `npm run init`, to sit down at and to run
 */
export async function newDesk(apiUrl: string, command: DeskCommand = "init"): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), "desk-"));
  const [project, home] = [join(folder, "openclaw-gateway"), join(folder, "home")];
  await mkdir(project);
  const state = join(home, "state");
  await mkdir(state, { recursive: true });
  // Links, so that the stack files are written beside them and not into this clone.
  for (const name of [
    "Pulumi.yaml",
    "infra",
    "contract",
    "worker",
    "pi",
    ".build",
    "package.json",
    "node_modules",
  ])
    await symlink(join(root, name), join(project, name));
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    HOME: home,
    PULUMI_HOME: join(home, ".pulumi"),
    // The engine was made before; all else of this machine's user is left out.
    XDG_CACHE_HOME: dirname(cacheRoot()),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    CLOUDFLARE_BASE_URL: apiUrl,
  };
  let engine: Promise<Engine> | undefined;
  const said = async (name: DeskCommand, args: readonly string[], options: DeskRun = {}): Promise<Said> => {
    const { cwd = project, stdin = "", timeoutMs = 120_000, onStderr } = options;
    const child = spawn(process.execPath, [script(name), ...args], {
      cwd,
      env: { ...env, ...options.env },
      timeout: timeoutMs,
    });
    child.stdin.on("error", () => {}).end(stdin);
    const text = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text.stdout += piece;
    });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      text.stderr += piece;
      onStderr?.(piece, child);
    });
    const [code] = await once(child, "close");
    return { code: code ?? -1, ...text };
  };
  return {
    project,
    home,
    backend: `file://${state}`,
    env,
    sitDown: (args = [], more = {}) =>
      atTerminal([script(command), ...args], { cwd: project, env: { ...env, ...more } }),
    run: (args, options) => said(command, args, options),
    family: (args, options) => said("family", args, options),
    async pulumi(args, more, stdin) {
      engine ??= ensureEngine(quiet);
      const { command } = await engine;
      const own = { ...env, PULUMI_BACKEND_URL: `file://${state}`, ...more } as Record<string, string>;
      return run(command, [...args, "--non-interactive"], {
        cwd: project,
        env: own,
        stdin,
        timeoutMs: 120_000,
      });
    },
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}

/** For a command's environment: every name that it looks up leads to the local edge. */
export const namesLeadTo = (edgeAddress: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${join(import.meta.dirname, "edge-names.ts")}`,
  EDGE_ADDRESS: edgeAddress,
});
