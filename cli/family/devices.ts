import type { PiConfig } from "../../infra/config.ts";
import { type DeviceOrder, type Devices, listDevices, orderDevice } from "../../infra/devices.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { projectFolder } from "../init/places.ts";
import { pulumiOf } from "../init/pulumi.ts";
import { readStored } from "../init/stored.ts";
import { alignedTable } from "../table.ts";
import { terminalProgress } from "../terminal.ts";
import type { StackOfFamily } from "./household.ts";
import { openFamily } from "./run.ts";
import { gatewayConfig } from "./shared-stacks.ts";

export interface DevicesOptions {
  readonly approve?: string;
  readonly reject?: string;
  readonly remove?: string;
  readonly json?: boolean;
}

/**
 * Does with a stack's devices what a flag says, and shows which there are then.
 *
 * @returns the exit code
 */
export async function showDevices(name: string, options: DevicesOptions): Promise<number> {
  const { engine, stacks } = await openFamily([name], {});
  const [stack] = stacks as [StackOfFamily];
  const { values } = await readStored(pulumiOf(engine, projectFolder()).with(stack.env), stack.ref);
  const { pi } = gatewayConfig(name, values);
  const { progress } = terminalProgress();
  await orderDevices(name, pi, options, progress);
  const devices = await progress.step(`asking OpenClaw on ${pi.host} for its devices`, () => listDevices(pi));
  process.stdout.write(
    options.json ? `${JSON.stringify(devices, null, 2)}\n` : `\n${devicesText(name, devices)}\n`,
  );
  return 0;
}

/**
 * Does with devices what flags say.
 *
 * @throws Refusal (DEVICE_UNKNOWN, DEVICE_REFUSED)
 */
export async function orderDevices(
  stack: string,
  pi: PiConfig,
  options: DevicesOptions,
  progress: Progress,
): Promise<void> {
  for (const order of ["approve", "reject", "remove"] as const satisfies DeviceOrder[]) {
    const id = options[order];
    if (id === undefined) continue;
    await progress.step(`${order} ${id} on ${pi.host}`, () =>
      orderDevice(pi, order, id).catch((error: Error) => explained(error, stack, pi, order, id)),
    );
  }
}

/**
 * Why OpenClaw did not do it, where that is the id: its own words name a command of the Pi's.
 *
 * @throws Refusal (DEVICE_UNKNOWN), or the error as it was
 */
async function explained(
  error: Error,
  stack: string,
  pi: PiConfig,
  order: DeviceOrder,
  id: string,
): Promise<never> {
  if ((error as Partial<Refusal>).code !== "DEVICE_REFUSED") throw error;
  const { pending, paired } = await listDevices(pi).catch(() => {
    throw error;
  });
  const requests = pending.map(({ requestId }) => requestId);
  const devices = paired.map(({ deviceId }) => deviceId);
  const wanted = order === "remove" ? devices : requests;
  if (wanted.includes(id)) throw error;
  const [what, others] = order === "remove" ? ["device", requests] : ["request", devices];
  const begun = wanted.filter((one) => one.startsWith(id));
  const why = others.includes(id)
    ? `it is the id of a ${order === "remove" ? "request" : "device that has been let in"}`
    : begun.length > 0
      ? `it is how ${begun.join(" and ")} begin${begun.length === 1 ? "s" : ""}, and an id is wanted whole`
      : `it has ${wanted.join(", ") || "none"}`;
  throw new Refusal(
    "DEVICE_UNKNOWN",
    `OpenClaw on ${pi.host} has no ${what} ${id}: ${why}`,
    `see which there are: npm run family -- devices ${stack}`,
  );
}

/** The devices as two tables, with the line that lets each waiting one in. */
export function devicesText(stack: string, { pending, paired }: Devices, now = Date.now()): string {
  const waiting = pending.map(({ requestId, displayName, clientId, platform, remoteIp, ts }) => [
    requestId,
    displayName ?? clientId ?? "",
    platform ?? "",
    remoteIp ?? "",
    ago(ts, now),
  ]);
  const known = paired.map(
    ({ deviceId, displayName, clientId, platform, role, approvedAtMs, createdAtMs }) => [
      deviceId,
      displayName ?? clientId ?? "",
      platform ?? "",
      role ?? "",
      ago(approvedAtMs ?? createdAtMs, now),
    ],
  );
  return [
    ...(pending.length > 0
      ? [
          `Asking to be let in (a request lives for five minutes):\n${alignedTable([["request", "name", "platform", "from", "asked"], ...waiting])}`,
          `Is it yours? npm run family -- devices ${stack} --approve ${pending[0]?.requestId}`,
        ]
      : []),
    paired.length > 0
      ? `Let in:\n${alignedTable([["device", "name", "platform", "role", "since"], ...known])}`
      : "No device has been let in.",
  ].join("\n\n");
}

const minuteMs = 60_000;

function ago(at: number | undefined, now: number): string {
  if (at === undefined) return "";
  const minutes = Math.floor((now - at) / minuteMs);
  if (minutes < 1) return "just now";
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 48 * 60
    ? `${Math.floor(minutes / 60)} h ago`
    : `${Math.floor(minutes / 60 / 24)} days ago`;
}
