/** What is remembered between two runs of the probe. */
export interface Memory {
  /** By gateway: failures in a row, and when the first of them was. */
  readonly failures: Readonly<Record<string, { readonly count: number; readonly since: string }>>;
  /** By webhook: the gateways that it was told are down. */
  readonly toldDown: Readonly<Record<string, readonly string[]>>;
}

export const nothing: Memory = { failures: {}, toldDown: {} };

/** What a gateway's OpenClaw answered: nothing wrong, or what. */
export type Look = Readonly<Record<string, string | undefined>>;

/** One thing that a webhook is told. */
export interface Event {
  readonly gateway: string;
  readonly status: "down" | "up";
  /** Why, where it is down. */
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
  return Object.entries(look).flatMap(([gateway, reason]): Event[] => {
    const failed = memory.failures[gateway];
    if (failed && failed.count >= threshold && !told.includes(gateway))
      return [{ gateway, status: "down", reason, since: failed.since }];
    return !failed && told.includes(gateway) ? [{ gateway, status: "up" }] : [];
  });
}

/** The memory once a webhook has taken its events. */
export function told(memory: Memory, webhook: string, events: readonly Event[]): Memory {
  const down = new Set(memory.toldDown[webhook]);
  for (const { gateway, status } of events) {
    if (status === "down") down.add(gateway);
    else down.delete(gateway);
  }
  return { ...memory, toldDown: { ...memory.toldDown, [webhook]: [...down] } };
}
