import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { isAlive } from "../cache.ts";
import { quiet } from "../progress.ts";
import { startProviders } from "./index.ts";

const listening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

const portsOf = (env: Record<string, string>) =>
  [...(env.PULUMI_DEBUG_PROVIDERS ?? "").matchAll(/:(\d+)/g)].map((match) => Number(match[1]));

it("attach both providers, and nothing listens any more once they are closed", async () => {
  const providers = await startProviders({ env: {}, progress: quiet, cwd: tmpdir() });
  expect(providers.env.PULUMI_DEBUG_PROVIDERS).toMatch(/^cloudflare:\d+,command:\d+$/);
  const ports = portsOf(providers.env);
  expect(await Promise.all(ports.map(listening))).toEqual([true, true]);
  await providers.close();
  expect(await Promise.all(ports.map(listening))).toEqual([false, false]);
});

it("tell that one of them ended on its own, and still end the other", async () => {
  const providers = await startProviders({ env: {}, progress: quiet, cwd: tmpdir() });
  const [victim, other] = providers.pids as [number, number];
  process.kill(victim, "SIGKILL");
  const { message } = await providers.died;
  expect(message).toContain("the cloudflare stand-in ended on its own");
  await expect(providers.close()).rejects.toThrow(message);
  expect(isAlive(other)).toBe(false);
});

it("are not in the group that a Ctrl-C ends", async () => {
  const providers = await startProviders({ env: {}, progress: quiet, cwd: tmpdir() });
  const groupOf = (pid: number | "self") =>
    // proc_pid_stat(5): the name may hold spaces, the group is the third field behind it.
    readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[2];
  const groups = (providers.pids as number[]).map(groupOf);
  await providers.close();
  expect(groups).not.toContain(groupOf("self"));
});

it("say why when they cannot start", async () => {
  await expect(startProviders({ env: {}, progress: quiet, cwd: "/nowhere" })).rejects.toThrow(
    "stand-in did not start",
  );
});
