import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { quiet } from "../progress.ts";
import { type Engine, ensureEngine } from "./index.ts";
import { run } from "./run.ts";

const project = `name: tiny
runtime: {name: nodejs, options: {typescript: false}}
main: infra/index.ts
config:
  word: {type: string, default: hello}
`;
const program = `import { writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
const config: pulumi.Config = new pulumi.Config();
if (config.get("fail")) throw new pulumi.RunError("told to fail");
if (config.get("leave")) process.exit(7);
if (config.get("wait")) {
  writeFileSync(config.require("wait"), String(process.pid));
  await new Promise((resolve) => setTimeout(resolve, 300_000));
}
export const said = \`\${config.require("word")} in \${process.cwd()} for \${pulumi.getStack()}\`;
export const hidden = config.requireSecret("password");
`;

let folder: string;
let engine: Engine;

beforeAll(async () => {
  engine = await ensureEngine(quiet);
  folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-language-"));
  for (const name of ["infra", "state"]) await mkdir(join(folder, name));
  await symlink(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "Pulumi.yaml"), project);
  await writeFile(join(folder, "infra/index.ts"), program);
  await pulumi("stack", "init", "dev");
  await pulumi("config", "set", "--secret", "password", "hush");
}, 600_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const surroundings = () => ({
  PATH: [engine.languageHost, process.env.PATH].filter(Boolean).join(delimiter),
  PULUMI_BACKEND_URL: `file://${folder}/state`,
  PULUMI_CONFIG_PASSPHRASE: "test",
  PULUMI_HOME: join(folder, "home"),
  PULUMI_SKIP_UPDATE_CHECK: "true",
});

const pulumi = (...args: string[]) =>
  run(engine.command, [...args, "--non-interactive"], {
    cwd: folder,
    timeoutMs: 60_000,
    env: surroundings(),
  });

describe("`pulumi up` of a Node project", { timeout: 120_000 }, () => {
  it("runs the program in the folder of its main, with the project's config", async () => {
    await pulumi("up", "--yes");
    const outputs = JSON.parse(await pulumi("stack", "output", "--json")) as Record<string, string>;
    expect(outputs).toEqual({ said: `hello in ${folder}/infra for dev`, hidden: "[secret]" });
  });

  it("reports a program's own error, and one that just ends", async () => {
    await pulumi("config", "set", "fail", "yes");
    await expect(pulumi("preview")).rejects.toThrow("told to fail");
    await pulumi("config", "rm", "fail");
    await pulumi("config", "set", "leave", "yes");
    await expect(pulumi("preview")).rejects.toThrow("non-zero exit code: 7");
  });

  it("ends the program when the engine is killed, as the real host does", async () => {
    const pidFile = join(folder, "pid");
    await pulumi("config", "rm", "leave");
    await pulumi("config", "set", "wait", pidFile);
    const child = spawn(engine.command, ["preview", "--non-interactive"], {
      cwd: folder,
      env: surroundings(),
      stdio: "ignore",
    });
    const program = await vi.waitFor(
      async () => Number(await readFile(pidFile, "utf8")) || Promise.reject(),
      {
        timeout: 60_000,
      },
    );
    child.kill("SIGKILL");
    await expect.poll(() => existsSync(`/proc/${program}`), { timeout: 15_000 }).toBe(false);
  });
});
