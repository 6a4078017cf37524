import { setTimeout as delay } from "node:timers/promises";
import type { PiConfig } from "../../../infra/config.ts";
import { encodedWanted } from "../../../infra/openclaw-wanted.ts";
import { lookAtPi } from "../../../infra/pi-look.ts";
import { encodedPiProgram, piScript } from "../../../infra/pi-script.ts";
import type { Progress } from "../../progress.ts";
import { differences, inventoryOf } from "../../walk/traces.ts";
import type { Host } from "../host.ts";
import { type SshTarget, sshExec } from "../ssh.ts";
import { pairedDevices, removeDevices } from "./devices.ts";
import { type Findings, lookAtMachine, refusal } from "./look.ts";
import { installStandIn, removeStandIn } from "./stand-in.ts";
import { openWire } from "./wire.ts";

export interface BorrowOptions {
  /** The stack that will be built there. */
  readonly stack: string;
  /** Where the local Cloudflare's tunnel server listens on this machine. */
  readonly streetAddress: string;
  /** Path of the connector's stand-in. */
  readonly connector: string;
  readonly progress: Progress;
  /** Called when the connection to the machine ends by itself. */
  readonly onLost: (reason: Error) => void;
}

/**
 * Makes somebody's own machine ready for a rehearsal: clears what a cut one left, installs the connector's stand-in and
 * lays the wire to the local Cloudflare. `stop` puts everything back and compares the machine with how it was.
 *
 * @throws Error when the machine is not ready for the program, or has something that must not be disturbed
 */
export async function borrowMachine(pi: PiConfig, options: BorrowOptions): Promise<Host> {
  const target: SshTarget = { ...pi, address: pi.host };
  return options.progress.step(`${pi.user}@${pi.host} is made ready`, async (detail) => {
    await lookAtPi(pi);
    let found = await lookAtMachine(target);
    const reason = refusal(found, options.stack);
    if (reason) throw new Error(`${pi.host} is not taken for a rehearsal: ${reason}`);
    if (found.packageVersion) {
      detail("what an earlier rehearsal left is cleared");
      await awaitFreePort(target);
      await clear(hostOf(target, found), pi, options.stack);
      found = await lookAtMachine(target);
    }
    if (found.portTaken) throw new Error(`port 7844 of ${pi.host}'s loopback is in use by something else.`);
    const host = hostOf(target, found);
    const before = await inventoryOf(host);
    const devices = await pairedDevices(host);
    const wire = await openWire(target, options.streetAddress, options.onLost);
    const putBack = async () => {
      try {
        await removeDevices(host, devices);
        await clear(host, pi, options.stack);
      } catch (error) {
        throw new Error(
          `${pi.host} could not be put back as it was: ${(error as Error).message}\nThe next rehearsal with --pi on it begins by clearing that.`,
        );
      } finally {
        await wire.close();
      }
      const left = differences(before, await inventoryOf(host));
      if (left.length > 0) throw new Error(`${pi.host} is not as it was:\n${left.join("\n")}`);
    };
    try {
      await installStandIn(host, { connector: options.connector, architecture: found.architecture });
    } catch (error) {
      await putBack();
      throw error;
    }
    return { ...host, stop: putBack };
  });
}

/** A living rehearsal holds the port; a dead one's end lets it go within 20 s (hold.pl). */
async function awaitFreePort(target: SshTarget): Promise<void> {
  for (const deadline = Date.now() + 40_000; ; await delay(1_000)) {
    const { stdout } = await sshExec(target, "ss -Hltn 'sport = :7844'");
    if (stdout.trim() === "") return;
    if (Date.now() > deadline) throw new Error(`another rehearsal is using ${target.address} now.`);
  }
}

/** The program's own steps the other way round, whatever of them was done, and the stand-in. */
async function clear(host: Host, pi: PiConfig, stack: string): Promise<void> {
  const undo = async (name: "connector" | "openclaw", settings: Record<string, string>) => {
    const script = piScript(name, { asRoot: name === "connector" && pi.user !== "root" });
    const { code, stderr } = await sshExec(host, script.command("delete"), {
      stdin: script.stdin(settings),
      timeoutMs: 180_000,
    });
    if (code !== 0) throw new Error(stderr.trim());
  };
  await undo("connector", { stack });
  await undo("openclaw", {
    stack,
    openclaw_port: String(pi.openclawPort),
    program: encodedPiProgram("openclaw"),
    wanted: encodedWanted(undefined), // a delete only puts back what the record holds
  });
  await removeStandIn(host);
}

/** How the walk's steps reach it: `openclaw` is found as the program finds it, since a login by SSH may not have it. */
function hostOf(target: SshTarget, found: Findings): Host {
  const prelude = [
    `export XDG_RUNTIME_DIR="\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"`,
    `openclaw() { '${found.openclawNode}' '${found.openclawEntry}' "$@"; }`,
  ].join("\n");
  return {
    ...target,
    gatewayToken: found.gatewayToken,
    openclawFolder: found.openclawConfig.replace(/\/[^/]*$/, ""),
    ownModel: true,
    exec: (command, { asRoot = false, ...options } = {}) => {
      const text = Buffer.from(asRoot ? command : `${prelude}\n${command}`).toString("base64");
      const shell = `sh -c 'eval "$(printf %s ${text} | base64 -d)"'`;
      return sshExec(
        target,
        asRoot && target.user !== "root" ? `exec sudo -n ${shell}` : `exec ${shell}`,
        options,
      );
    },
    stop: async () => {},
  };
}
