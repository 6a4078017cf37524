import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/**
 * The user's cache folder for what is expensive to make: the engine, the host's base tree, Node and OpenClaw.
 * `$XDG_CACHE_HOME/openclaw-gateway`, else `~/.cache/openclaw-gateway` (XDG Base Directory Specification).
 */
export const cacheRoot = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "openclaw-gateway");

/**
 * A folder in the cache, made once.
 *
 * @param entry name and version of what it holds, such as `engine-v3.259.0`: another version is another folder
 * @param build fills the folder it is given; when it throws, nothing is kept
 * @returns the folder's absolute path
 *
 * The folder appears under its name only when it is whole (one rename), so a cut at any moment leaves nothing that
 * looks finished. Two processes that build the same entry at once both work; the second result is dropped.
 */
export async function cached(entry: string, build: (folder: string) => Promise<void>): Promise<string> {
  const target = join(cacheRoot(), entry);
  if (existsSync(target)) return target;
  await dropLeftovers(target);
  const draft = `${target}.draft-${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await build(draft);
    await rename(draft, target).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

/** Drafts of this entry whose process is gone: what a killed run left. */
async function dropLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(`${basename(target)}.draft-`) ? Number(name.split("-").at(-1)) : undefined;
    if (pid && !isAlive(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether a process with this id exists (signal 0 asks without sending, kill(2)). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
