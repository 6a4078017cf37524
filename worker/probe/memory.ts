/**
 * What is remembered between two runs of the probe, by subject: a gateway's name for its OpenClaw, and for its tunnel's
 * connectors the name with `connectorsMark`.
 */
export interface Memory {
  /** By subject: failures in a row, and when the first of them was. */
  readonly failures: Readonly<Record<string, { readonly count: number; readonly since: string }>>;
  /** By webhook: the subjects that it was told are not well. */
  readonly toldDown: Readonly<Record<string, readonly string[]>>;
}

export const nothing: Memory = { failures: {}, toldDown: {} };

/** No gateway's name has it. */
const connectorsMark = " connectors";
export const connectorsOf = (gateway: string): string => gateway + connectorsMark;

/** By subject: nothing wrong, or what. */
export type Look = Readonly<Record<string, string | undefined>>;

/** One thing that a webhook is told. */
export interface Event {
  readonly gateway: string;
  /** Of its OpenClaw, and of its tunnel's connectors. */
  readonly status: "down" | "up" | "connectors" | "connectors-well";
  /** Why, where something is wrong. */
  readonly reason?: string;
  readonly since?: string;
}

/** The failures after a look: one more for each gateway that failed, none for the others. A gateway that is not looked at any more is forgotten. */
export function counted(memory: Memory, look: Look, now: string): Memory {
  const failures = Object.entries(look).flatMap(([gateway, reason]) => {
    if (reason === undefined) return [];
    const before = memory.failures[gateway];
    return [[gateway, { count: (before?.count ?? 0) + 1, since: before?.since ?? now }] as const];
  });
  const toldDown = Object.entries(memory.toldDown).map(
    ([webhook, gateways]) => [webhook, gateways.filter((gateway) => gateway in look)] as const,
  );
  return { failures: Object.fromEntries(failures), toldDown: Object.fromEntries(toldDown) };
}

/** What a webhook has not been told yet. A message that did not get through is due again at the next run. */
export function due(memory: Memory, look: Look, webhook: string, threshold: number): Event[] {
  const told = memory.toldDown[webhook] ?? [];
  return Object.entries(look).flatMap(([subject, reason]): Event[] => {
    const failed = memory.failures[subject];
    if (failed && failed.count >= threshold && !told.includes(subject))
      return [{ ...wordsOf(subject, false), reason, since: failed.since }];
    return !failed && told.includes(subject) ? [wordsOf(subject, true)] : [];
  });
}

function wordsOf(subject: string, isWell: boolean): Event {
  if (!subject.endsWith(connectorsMark)) return { gateway: subject, status: isWell ? "up" : "down" };
  const gateway = subject.slice(0, -connectorsMark.length);
  return { gateway, status: isWell ? "connectors-well" : "connectors" };
}

/** The memory once a webhook has taken its events. */
export function told(memory: Memory, webhook: string, events: readonly Event[]): Memory {
  const down = new Set(memory.toldDown[webhook]);
  for (const { gateway, status } of events) {
    const subject = status.startsWith("connectors") ? connectorsOf(gateway) : gateway;
    if (status === "down" || status === "connectors") down.add(subject);
    else down.delete(subject);
  }
  return { ...memory, toldDown: { ...memory.toldDown, [webhook]: [...down] } };
}
