import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectorScript } from "../index.ts";

/** The connector stand-in as a child of the test. */
export interface TestConnector {
  readonly process: ChildProcess;
  /** All lines it has logged. */
  readonly log: readonly string[];
  /** Resolves with the first line, past or coming, that matches; rejects when it ends or 20 s pass before. */
  logged(pattern: RegExp): Promise<string>;
  /** Where `/ready` and `/metrics` are. */
  metricsUrl(): Promise<string>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
}

const waitMs = 20_000;

/** Runs `cloudflared tunnel … run --token-file` against an edge at `edgeAddress:7844`. */
export async function startConnector(
  token: string,
  edgeAddress: string,
  flags: readonly string[] = [],
): Promise<TestConnector> {
  const folder = await mkdtemp(join(tmpdir(), "connector-"));
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, token);
  await chmod(tokenFile, 0o600);
  const edge = ["--edge", `${edgeAddress}:7844`, "--metrics", "127.0.0.1:0"];
  const command = ["tunnel", "--no-autoupdate", ...edge, ...flags, "run", "--token-file", tokenFile];
  const child = spawn(fileURLToPath(connectorScript), command, { stdio: ["ignore", "ignore", "pipe"] });
  const log: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => log.push(line));
  const ended = once(child, "exit").then(async ([code]) => {
    await rm(folder, { recursive: true, force: true });
    return code as number | null;
  });
  const logged = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const known = log.find((line) => pattern.test(line));
      if (known !== undefined) return resolve(known);
      const finish = (settle: () => void) => {
        clearTimeout(late);
        lines.off("line", hear);
        settle();
      };
      const fail = (why: string) =>
        finish(() => reject(new Error(`${why} without ${pattern}:\n${log.join("\n")}`)));
      const hear = (line: string) => pattern.test(line) && finish(() => resolve(line));
      const late = setTimeout(() => fail(`${waitMs} ms`), waitMs);
      lines.on("line", hear);
      ended.then(() => fail("ended"));
    });
  return {
    process: child,
    log,
    logged,
    metricsUrl: async () =>
      `http://${/server on (\S+)\/metrics/.exec(await logged(/metrics server on/))?.[1]}`,
    stop: async () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
