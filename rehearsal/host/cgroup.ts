import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Where this machine's systemd-style cgroup trees are mounted: the unified one and, on machines that still have
 * version 1, systemd's own. A guest gets a group of its own in these and in no other, so the limits that the
 * machine set for us (memory, cpu) hold for it too.
 */
export function cgroupTrees(): string[] {
  const trees: string[] = [];
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n")) {
    const [before = "", after = ""] = line.split(" - "); // proc_pid_mountinfo(5): optional fields end at " - "
    const [type, , superOptions = ""] = after.split(" ");
    const isSystemd = type === "cgroup" && superOptions.split(",").includes("name=systemd");
    if (type === "cgroup2" || isSystemd) trees.push(before.split(" ")[4] ?? "");
  }
  return [...new Set(trees)];
}

/** Makes a cgroup of this name in each tree and returns their folders. */
export async function createCgroups(name: string): Promise<string[]> {
  const folders = cgroupTrees().map((tree) => join(tree, name));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  return folders;
}

/**
 * Ends every process in a cgroup and removes it, with the groups below it.
 *
 * @throws Error when processes are still there after ten seconds
 */
export async function removeCgroup(folder: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const groups = await descendants(folder);
    for (const group of groups) for (const pid of await processes(group)) kill(pid);
    const left = await removeAll(groups);
    if (!left) return;
    if (Date.now() > deadline) throw new Error(`${folder} cannot be removed: ${left}`);
    await delay(50); // a v1 tree tells nobody when a group becomes empty
  }
}

/** The group and all below it, the deepest first. */
async function descendants(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => descendants(join(folder, entry.name))),
  );
  return [...below.flat(), folder];
}

async function processes(group: string): Promise<number[]> {
  const text = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {} // ended by itself in between
}

async function removeAll(groups: readonly string[]): Promise<string | undefined> {
  for (const group of groups) {
    try {
      await rmdir(group);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") return message;
    }
  }
  return undefined;
}
