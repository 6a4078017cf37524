import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Pids of the living children of a process that run this program. */
function childrenOf(parent: number, program: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      return stat?.parent === parent && stat.program === program && stat.state !== "Z" ? [Number(name)] : [];
    });
}

/** proc_pid_stat(5); undefined for a process that is gone. */
function statOf(pid: number) {
  try {
    const [, program, state, parent] =
      /^\d+ \((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { program, state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

it("leaves no workerd behind when its owner is killed, and no files but in its own folder", {
  timeout: 60_000,
}, async () => {
  const program = fileURLToPath(new URL("../testing/keep-worker-running.ts", import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), "mortal-workerd-"));
  const [own, temporary] = [join(folder, "own"), join(folder, "temporary")];
  await Promise.all([mkdir(own), mkdir(temporary)]);
  const owner = spawn(process.execPath, [program, "232", own], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: temporary },
  });
  const ended = once(owner, "exit");
  try {
    await Promise.race([once(owner.stdout, "data"), ended.then(() => expect.fail("the owner ended"))]);
    const workerds = childrenOf(owner.pid as number, "workerd");
    expect(workerds).toHaveLength(1);
    owner.kill("SIGKILL");
    await ended;
    await expect
      .poll(() => workerds.map((pid) => statOf(pid)?.state ?? "gone"), { timeout: 10_000 })
      .toEqual([expect.stringMatching(/^(gone|Z)$/)]);
    expect(await readdir(temporary)).toEqual([]);
  } finally {
    owner.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true });
  }
});
