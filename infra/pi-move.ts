import * as pulumi from "@pulumi/pulumi";
import type { PiConnection } from "./pi-connection.ts";
import { inProgram } from "./pi-return.ts";
import { piScript } from "./pi-script.ts";
import { runOverSsh } from "./ssh.ts";
import { doorOf, sshTarget, type WayToPi } from "./ssh-door.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

/** Where a command runs, as command.remote.Command keeps it; numbers come back as numbers. */
type Place = PiConnection;

/** A removal stops cloudflared, which lets streams end for 30 s, and may take a package off. */
const removalTimeoutMs = 180_000;

/**
 * The place that a stack has left, to be cleaned; undefined when there is none.
 *
 * A machine is known by its address and by its host key, and is another one only when both have changed: the same key
 * at another address is a Pi that moved, another key at the same address a new SD card (what was on the old one is out
 * of reach, and harmless in a drawer). Another user on the same machine is another OpenClaw. An address behind a jump host is an address on its network.
 */
export function leftBehind(before: Place, now: Place): Place | undefined {
  const sameAddress =
    before.host === now.host &&
    before.port === now.port &&
    before.proxy?.host === now.proxy?.host &&
    before.proxy?.port === now.proxy?.port;
  const sameKey = before.hostKey === now.hostKey;
  if (sameKey && before.user === now.user) return undefined;
  if (sameAddress) return sameKey ? before : undefined;
  return sameKey ? { ...before, host: now.host, port: now.port, proxy: now.proxy } : before;
}

/**
 * Cleans the place that the footprint's update leaves, before the steps run at the new one. As a hook and not as a
 * replacement: Pulumi deletes what it replaces over the recorded connection, which for a new SD card pins the key that
 * is gone, and it does so after the new steps, which on one machine would undo them.
 *
 * A place that cannot be reached any more is left, with a warning: a dead Pi must not keep its owner from a new one.
 */
export const cleanWhatIsLeft = () => inProgram(clean);

async function clean({ oldInputs, newInputs }: pulumi.ResourceHookArgs): Promise<void> {
  const before = await resolved(oldInputs);
  const now = await resolved(newInputs);
  const place = leftBehind(before.connection, now.connection);
  if (place === undefined) await leaveProfile(before, now);
  if (place === undefined || before.delete === undefined) return;
  const way: WayToPi = { ...place, jump: place.proxy };
  const target = sshTarget(doorOf(way));
  pulumi.log.info(`taking what this stack left at ${target} off it`);
  try {
    const { code, stderr } = await runOverSsh(way, before.delete, before.stdin ?? "", removalTimeoutMs);
    if (code !== 0) throw new Error(stderr.trim());
  } catch (error) {
    const words = error instanceof PiUnreachable ? `${error.code}: ${error.message}` : String(error);
    pulumi.log.warn(
      `PI_LEFT_BEHIND: what this stack made at ${target} could not be taken off: ${words}\n` +
        `  while that machine runs, it serves this gateway too. Switch it off, or on it: sudo systemctl disable --now 'cloudflared-${pulumi.getStack()}.service'`,
    );
  }
}

/**
 * A stack that goes on with another OpenClaw profile of the same user puts the old one's config back. The connector
 * stays: it is the stack's, whatever answers behind it.
 */
async function leaveProfile(before: CommandInputs, now: CommandInputs): Promise<void> {
  const old = openclawOf(before);
  if (old === undefined || before.delete === undefined || old.profile === openclawOf(now)?.profile) return;
  const name = old.profile || "default";
  pulumi.log.info(`putting the config of the OpenClaw profile ${name} back as it was`);
  const way: WayToPi = { ...now.connection, jump: now.connection.proxy };
  const undo = piScript("openclaw", { asRoot: false }).command("delete");
  const { code, stderr } = await runOverSsh(way, undo, old.stdin, removalTimeoutMs);
  if (code !== 0)
    pulumi.log.warn(
      `PI_LEFT_BEHIND: the config of the OpenClaw profile ${name} could not be put back: ${stderr.trim()}`,
    );
}

/** What the footprint keeps of OpenClaw's step, and whose profile it is. */
function openclawOf({ stdin = "" }: CommandInputs): { stdin: string; profile: string } | undefined {
  const encoded = /^openclaw (.+)$/m.exec(stdin)?.[1];
  if (encoded === undefined) return undefined;
  const step = Buffer.from(encoded, "base64").toString();
  return { stdin: step, profile: /^openclaw_profile (.*)$/m.exec(step)?.[1] ?? "" };
}

interface CommandInputs {
  readonly connection: Place;
  readonly delete?: string;
  readonly stdin?: string;
}

/** The inputs as plain values: a hook is given secrets as outputs. */
const resolved = (inputs: unknown): Promise<CommandInputs> =>
  new Promise((resolve) => {
    pulumi.output(inputs as pulumi.Input<CommandInputs>).apply(resolve);
  });
