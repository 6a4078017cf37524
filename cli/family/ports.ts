import type { StackOfFamily } from "./household.ts";
import { type PiInFile, settingsIn } from "./stack-file.ts";

/** OpenClaw's own port, as infra/config-reach.ts has it. */
export const USUAL_PORT = 18789;
/** OpenClaw takes ports behind its own, for the browsers that it steers and more, so each gateway gets room. */
const ROOM = 120;

/** What tells one Pi from another: two of one name are two machines where SSH takes another port or jump host to them. */
export type Place = string & { readonly ofPi: unique symbol };

/** @returns nothing where no Pi is named, or none that can be reached as the file has it */
export function placeOf(pi: PiInFile | undefined): Place | undefined {
  const [through, itself] = [pi?.jump && sshAddress(pi.jump), pi && sshAddress(pi)];
  return itself === undefined ? undefined : ([through, itself].filter(Boolean).join(" to ") as Place);
}

function sshAddress({ host, port }: PiInFile): string | undefined {
  if (typeof host !== "string" || host === "") return undefined;
  return [host.toLowerCase(), ...(Number(port ?? 22) === 22 ? [] : [`(SSH port ${port})`])].join(" ");
}

/** The port of the OpenClaw that a stack has. */
export const portOf = (pi: PiInFile | undefined): number => Number(pi?.openclawPort ?? USUAL_PORT);

/** The ports of OpenClaw that stacks have on a Pi. */
export async function portsOn(place: Place, all: readonly StackOfFamily[]): Promise<number[]> {
  const settings = await Promise.all(all.map(({ file }) => settingsIn(file)));
  return settings.flatMap(({ pi }) => (placeOf(pi) === place ? [portOf(pi)] : []));
}

/** A port with room behind it that none of these has. */
export function freePort(taken: readonly number[]): number {
  let port = USUAL_PORT;
  while (taken.some((one) => Math.abs(one - port) < ROOM)) port += ROOM;
  return port;
}
