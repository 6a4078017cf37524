import type { ConfigChange } from "./change-config.ts";
import type { StackConfig } from "./open-stack.ts";

/** How far a rotation has come. A cut leaves it there, and the next run goes on. */
export interface Pending {
  /**
   * - `building`: the config asks for the new secret; whether it is there and works has not been seen
   * - `lost`: it was built, and the stack does not have the new one
   * - `overlap`: the new one works, and the old one is to be ended
   * - `ending`: the config ends the old one; whether that is built and the old one refused has not been seen
   */
  readonly phase: "building" | "lost" | "overlap" | "ending";
  /** When the old one is to end. */
  readonly until: string;
}

/** A time as the config and Cloudflare's API have it: to the second. */
export const timeOf = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, "Z");

/** What the stack's config remembers of rotations, beside what the program reads. */
export interface Record {
  /** When each secret was last replaced, by its name. */
  readonly rotated: Readonly<{ [target: string]: string }>;
  readonly pending: Readonly<{ [target: string]: Pending }>;
  /** What each pending rotation replaces, or needs to go on; encrypted. */
  readonly kept: Readonly<{ [target: string]: string }>;
}

/** A namespace of its own, which the program does not look at. */
const timesKey = "openclaw-gateway-rotation:times";
const keptKey = "openclaw-gateway-rotation:kept";

export function readRecord({ other }: StackConfig): Record {
  const times = (other[timesKey] ?? {}) as Partial<Record>;
  const kept = other[keptKey];
  return {
    rotated: times.rotated ?? {},
    pending: times.pending ?? {},
    kept: typeof kept === "string" ? (JSON.parse(kept) as Record["kept"]) : {},
  };
}

export function recordChanges({ rotated, pending, kept }: Record): ConfigChange[] {
  return [
    { key: timesKey, value: { rotated, pending } },
    Object.keys(kept).length > 0
      ? { path: keptKey, secret: JSON.stringify(kept) }
      : { path: keptKey, remove: true },
  ];
}

/** The record with a rotation begun. @param kept nothing where the stack does not know the old one */
export const begun = (record: Record, target: string, until: string, kept: string | undefined): Record => ({
  ...record,
  pending: { ...record.pending, [target]: { phase: "building", until } },
  kept: { ...without(record.kept, target), ...(kept !== undefined && { [target]: kept }) },
});

/** The record with another phase of what is pending, or another time. */
export const changed = (record: Record, target: string, change: Partial<Pending>): Record => ({
  ...record,
  pending: { ...record.pending, [target]: { ...(record.pending[target] as Pending), ...change } },
});

/** The record once the new secret is seen to work. */
export const proven = (record: Record, target: string, now: string): Record => ({
  ...changed(record, target, { phase: "overlap" }),
  rotated: { ...record.rotated, [target]: now },
});

/** The record once the old secret is seen refused. */
export const ended = (record: Record, target: string): Record => ({
  ...record,
  pending: without(record.pending, target),
  kept: without(record.kept, target),
});

const without = <T>(all: Readonly<{ [name: string]: T }>, name: string): { [name: string]: T } =>
  Object.fromEntries(Object.entries(all).filter(([other]) => other !== name));
