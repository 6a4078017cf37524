import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A person's SSH agent, of the test's own. */
export interface SshAgent {
  /** For SSH_AUTH_SOCK. */
  readonly socket: string;
  /** As `ssh-add` does, from standard input. */
  add(privateKey: string): void;
  stop(): Promise<void>;
}

/** Starts an agent without keys on a socket of its own. */
export async function startSshAgent(): Promise<SshAgent> {
  const folder = await mkdtemp(join(tmpdir(), "ssh-agent-"));
  const socket = join(folder, "agent.sock");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "inherit"] });
  // It prints the lines for a shell once it listens.
  await Promise.race([
    once(agent.stdout, "data"),
    once(agent, "exit").then(() => Promise.reject(new Error("ssh-agent ended at its start"))),
  ]);
  return {
    socket,
    add(privateKey) {
      const { status, stderr } = spawnSync("ssh-add", ["-q", "-"], {
        input: privateKey,
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`ssh-add: ${stderr}`);
    },
    async stop() {
      const ended = once(agent, "exit");
      agent.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
