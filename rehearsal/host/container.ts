import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCgroups, removeCgroup } from "./cgroup.ts";
import { type CommandResult, capture, lastLines, type RunOptions, run } from "./run.ts";
import type { Slot } from "./slot.ts";

const script = fileURLToPath(new URL("container.sh", import.meta.url));

export interface ContainerOptions {
  readonly slot: Slot;
  /** Which guest of the slot this is; gives its address. */
  readonly index: number;
  readonly name: string;
  /** Folders that make up its root, the topmost first. They are not written to. */
  readonly layers: readonly string[];
  /** Folder with the files that only this guest has. */
  readonly settings: string;
}

/** A guest that runs a whole Debian under its own systemd. */
export interface Container {
  /** The process that everything of the guest hangs on. */
  readonly pid: number;
  /** What the guest wrote to its console, the end of it. */
  console(): string;
  /** Ends the guest at once, as pulling the plug does, and removes everything it had. */
  stop(): Promise<void>;
}

/**
 * Boots a guest.
 *
 * Everything it is made of hangs on one process, which dies with this one (PR_SET_PDEATHSIG): its PID namespace takes
 * all its processes along, its mount namespace the mounts, its network namespace the cable.
 */
export async function startContainer(options: ContainerOptions): Promise<Container> {
  const { slot, index, name, layers, settings } = options;
  const id = `ocg-${slot.number}-${index}`;
  const folder = join(slot.folder, id);
  await mkdir(join(folder, "guest"), { recursive: true });
  const cgroups = await createCgroups(id);
  const init = spawn(
    "sh",
    [
      "-c",
      'set -e; while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done; shift; exec "$@"',
      "sh",
      ...cgroups,
      "--",
      ...["setpriv", "--pdeathsig", "KILL"],
      ...["unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child=KILL"],
      ...["sh", script, join(folder, "guest"), settings, layers.join(":")],
      ...[`${slot.guestAddress(index)}/24`, name],
    ],
    // A session of its own: Ctrl-C in the terminal is for the program, which still needs the host to clean up.
    { stdio: ["pipe", "pipe", "pipe"], detached: true },
  );
  const output = collect(init);
  const stop = async () => {
    if (init.exitCode === null && init.signalCode === null) {
      const ended = once(init, "close");
      init.kill("SIGKILL");
      await ended;
    }
    await capture("ip", ["link", "delete", slot.guestLink(index)]); // gone with its other end, only a moment later
    for (const group of cgroups) await removeCgroup(group);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await spoken(init, output, "namespaces-ready");
    await plugIn(slot, index, init.pid as number);
    init.stdin?.end("go\n");
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: init.pid as number,
    console: () => lastLines(output.text, 40),
    stop,
  };
}

/** The root folder of a running guest as this machine sees it. */
export const guestRoot = async (containerPid: number): Promise<string> =>
  `/proc/${await findLeader(containerPid)}/root`;

/** Runs a program as root in a running guest, without SSH. */
export async function runInGuest(
  containerPid: number,
  args: readonly string[],
  options?: RunOptions,
): Promise<CommandResult> {
  return capture(
    "nsenter",
    ["--target", String(await findLeader(containerPid)), "--all", "--", ...args],
    options,
  );
}

/** Lays the guest's cable: one end on the slot's bridge, the other, eth0, in the guest's network namespace. */
async function plugIn(slot: Slot, index: number, pid: number): Promise<void> {
  const link = slot.guestLink(index);
  await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", String(pid)]);
  await run("ip", ["link", "set", link, "master", `ocg-br${slot.number}`, "up"]);
}

interface Output {
  text: string;
}

const outputLimit = 64 * 1024;

function collect(child: ChildProcess): Output {
  const output: Output = { text: "" };
  const add = (chunk: Buffer) => {
    output.text = (output.text + chunk.toString()).slice(-outputLimit);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  child.stdin?.on("error", () => {});
  return output;
}

/** Waits until the child has written a word, at most ten seconds. */
async function spoken(child: ChildProcess, output: Output, word: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  const failed = once(child, "close", { signal });
  failed.catch(() => {});
  while (!output.text.includes(word)) {
    await Promise.race([
      once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data", { signal }),
      failed,
    ]);
    if (child.exitCode !== null) throw new Error(`The guest could not be set up: ${lastLines(output.text)}`);
  }
}

/**
 * The guest's PID 1 as this machine numbers it: the process one PID namespace below the container's that is 1 there
 * (NSpid in proc_pid_status(5)), in the container's network namespace.
 */
async function findLeader(containerPid: number): Promise<number> {
  const network = await readlink(`/proc/${containerPid}/ns/net`);
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const numbers = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    if (numbers.length < 3 || numbers.at(-1) !== "1") continue;
    if ((await readlink(`/proc/${pid}/ns/net`).catch(() => "")) === network) return Number(pid);
  }
  throw new Error("The guest is not running.");
}
