import { mkdir, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { cgroupTrees, removeCgroup } from "./cgroup.ts";
import { capture, run } from "./run.ts";

/** One rehearsal's share of this machine: a bridge and addresses that no other rehearsal uses. */
export interface Slot {
  readonly number: number;
  /** The loopback address on which the local Cloudflare answers browsers and curl. */
  readonly edgeAddress: string;
  /** The bridge's own address: all that the guests can reach of the world. */
  readonly streetAddress: string;
  /** Folder for what lives as long as the rehearsal: gone after release, or when a later one takes a dead one's slot. */
  readonly folder: string;
  /** Address of the guest with this index (0, 1, …). */
  guestAddress(index: number): string;
  /** Name of the machine's end of that guest's cable. */
  guestLink(index: number): string;
  /** Removes the bridge and frees the slot. Hosts on it have to be stopped before. */
  release(): Promise<void>;
}

const slots = 64;

/**
 * Takes a free slot for this process and clears away what a killed run may have left in it.
 *
 * A slot is held by an abstract Unix socket (unix(7)): the kernel gives it up the moment its process ends,
 * however it ends, so there is no lock file that could go stale.
 */
export async function takeSlot(): Promise<Slot> {
  for (let number = 0; number < slots; number++) {
    const slot = await tryTakeSlot(number);
    if (slot) return slot;
  }
  throw new Error(`All ${slots} rehearsal slots of this machine are in use.`);
}

/** Takes the slot of this number, unless a living process has it. */
export async function tryTakeSlot(number: number): Promise<Slot | undefined> {
  const lock = await tryLock(number);
  if (!lock) return undefined;
  const slot = describe(number, lock);
  await clear(slot);
  await mkdir(slot.folder, { recursive: true });
  await run("ip", ["link", "add", bridge(number), "type", "bridge"]);
  await run("ip", ["address", "add", `${slot.streetAddress}/24`, "dev", bridge(number)]);
  await run("ip", ["link", "set", bridge(number), "up"]);
  return slot;
}

const bridge = (number: number): string => `ocg-br${number}`;

function describe(number: number, lock: Server): Slot {
  const slot: Slot = {
    number,
    edgeAddress: `127.86.${number}.1`,
    streetAddress: `10.86.${number}.1`,
    folder: `/run/openclaw-gateway/slot-${number}`,
    guestAddress: (index) => `10.86.${number}.${10 + index}`,
    guestLink: (index) => `ocg-v${number}-${index}`,
    release: async () => {
      await clear(slot);
      await new Promise((resolve) => lock.close(resolve));
    },
  };
  return slot;
}

function tryLock(number: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ path: `\0openclaw-gateway/slot-${number}`, exclusive: true }, () =>
      resolve(server.unref()),
    );
  });
}

/**
 * Ends what still runs in the slot and removes its links, cgroups and files. A guest's processes, mounts and
 * namespaces die with the process that started it (container.sh), so what can be left is little.
 */
async function clear(slot: Slot): Promise<void> {
  for (const tree of cgroupTrees()) {
    for (const name of await readdir(tree)) {
      if (name.startsWith(`ocg-${slot.number}-`)) await removeCgroup(`${tree}/${name}`);
    }
  }
  const links = JSON.parse(await run("ip", ["-json", "link"])) as { ifname: string }[];
  for (const { ifname } of links) {
    if (ifname === bridge(slot.number) || ifname.startsWith(`ocg-v${slot.number}-`))
      await capture("ip", ["link", "delete", ifname]);
  }
  await rm(slot.folder, { recursive: true, force: true });
}
