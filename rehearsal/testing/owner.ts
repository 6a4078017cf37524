import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../host/host.ts";
import { rehearseIn } from "./rehearse.ts";

/** Someone who has a machine with OpenClaw and rehearses on it from here: a home folder with key and known_hosts. */
export interface Owner {
  /** Starts `npm run rehearse -- --pi` on the machine. */
  start(...args: string[]): ReturnType<typeof rehearseIn>;
  /** The same to its end. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Lines of ~/.ssh/known_hosts. */
  knows(lines: string): Promise<void>;
  remove(): Promise<void>;
}

/** Makes the owner of a machine, who has met its host key before. */
export async function ownerOf(host: Host): Promise<Owner> {
  const home = await mkdtemp(join(tmpdir(), "openclaw-gateway-owner-"));
  const identity = join(home, "key");
  await mkdir(join(home, ".ssh"));
  await writeFile(identity, host.privateKey ?? "", { mode: 0o600 });
  const knows = (lines: string) => writeFile(join(home, ".ssh", "known_hosts"), lines);
  await knows(`${host.address} ${host.hostKey}\n`);
  const env = {
    HOME: home,
    // What is expensive stays where it is.
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  };
  const start: Owner["start"] = (...args) =>
    rehearseIn(env, "--pi", `${host.user}@${host.address}`, "--identity", identity, ...args);
  return {
    start,
    knows,
    async run(...args) {
      const { child, said } = start(...args);
      const [code] = await once(child, "close");
      return { code, ...said };
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
