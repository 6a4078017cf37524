import type { PiConfig } from "./config.ts";
import { piScript } from "./pi-script.ts";
import { Refusal } from "./refusal.ts";
import { runOverSsh } from "./ssh.ts";

/** A browser or phone, as OpenClaw knows it. */
interface Device {
  readonly deviceId: string;
  readonly displayName?: string;
  readonly platform?: string;
  readonly clientId?: string;
  readonly role?: string;
  readonly remoteIp?: string;
}

/** One that asks to be let in; its request is what is approved. */
export interface PendingDevice extends Device {
  readonly requestId: string;
  /** When it asked, in milliseconds since the epoch. */
  readonly ts?: number;
}

/** One that has been let in. */
export interface PairedDevice extends Device {
  readonly createdAtMs?: number;
  readonly approvedAtMs?: number;
  readonly lastSeenAtMs?: number;
}

export interface Devices {
  readonly pending: readonly PendingDevice[];
  readonly paired: readonly PairedDevice[];
}

/** What can be done about one: requests are approved or rejected, devices removed with all their tokens. */
export type DeviceOrder = "approve" | "reject" | "remove";

/** OpenClaw's command takes two to four seconds, on a Pi more. */
const timeoutMs = 120_000;

/** The devices of the OpenClaw on a Pi, by its own command there. */
export async function listDevices(pi: PiConfig): Promise<Devices> {
  const { pending = [], paired = [] } = await order<Partial<Devices>>(pi, "list");
  return { pending, paired };
}

/**
 * @param id a request's to approve or reject it, a device's to remove it
 * @throws Refusal (DEVICE_UNKNOWN, or DEVICE_REFUSED with OpenClaw's own words)
 */
export async function orderDevice(pi: PiConfig, what: DeviceOrder, id: string): Promise<void> {
  await order(pi, `${what} ${id}`);
}

async function order<T>(pi: PiConfig, words: string): Promise<T> {
  const script = piScript("devices", { asRoot: false });
  const stdin = script.stdin({ openclaw_port: String(pi.openclawPort), order: words });
  const { code, stdout, stderr } = await runOverSsh(pi, script.command("create"), stdin, timeoutMs);
  const json = stdout.slice(stdout.search(/^[[{]/m));
  if (code === 0) return JSON.parse(json) as T;
  const [told, mend = ""] = stderr.trim().split("\n");
  const refused = /^(OPENCLAW_NOT_FOUND|DEVICE_UNKNOWN): (.*)$/.exec(told ?? "");
  if (refused)
    throw new Refusal(refused[1] as "OPENCLAW_NOT_FOUND" | "DEVICE_UNKNOWN", refused[2] ?? "", mend.trim());
  throw new Refusal(
    "DEVICE_REFUSED",
    `OpenClaw on ${pi.host} did not ${words}: ${wordsIn(json) || stderr.trim() || stdout.trim()}`,
    "see which there are: npm run family -- devices STACK",
  );
}

function wordsIn(json: string): string | undefined {
  try {
    return (JSON.parse(json) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
