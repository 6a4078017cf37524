import type { StackOfFamily } from "./household.ts";
import { settingsIn } from "./stack-file.ts";

/** OpenClaw's own port, as infra/config-reach.ts has it. */
export const USUAL_PORT = 18789;
/** OpenClaw takes ports behind its own, for the browsers that it steers and more, so each gateway gets room. */
const ROOM = 120;

/** The ports of OpenClaw that stacks have on a Pi. */
export async function portsOn(host: string, all: readonly StackOfFamily[]): Promise<number[]> {
  const settings = await Promise.all(all.map(({ file }) => settingsIn(file)));
  return settings.flatMap(({ pi }) => (pi?.host === host ? [pi.openclawPort ?? USUAL_PORT] : []));
}

/** A port with room behind it that none of these has. */
export function freePort(taken: readonly number[]): number {
  let port = USUAL_PORT;
  while (taken.some((one) => Math.abs(one - port) < ROOM)) port += ROOM;
  return port;
}
