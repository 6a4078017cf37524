import type { Kept } from "../account.ts";
import { timestamp } from "../identifiers.ts";

/** How such a resource is made, changed and shown; `hidden` fields are never told again. */
export const keeping = (
  read: (body: unknown) => Record<string, unknown> & { name: string },
  newId: () => string,
  hidden: readonly string[] = [],
) => ({
  create: (body: unknown) => keep(newId(), read(body), timestamp()),
  update: (before: Kept, body: unknown) => keep(before.id, read(body), before.createdAt),
  show: (entry: Kept) => show(entry, hidden),
});

export const keep = (
  id: string,
  sent: Record<string, unknown> & { name: string },
  createdAt: string,
): Kept => ({
  id,
  name: sent.name,
  createdAt,
  updatedAt: timestamp(),
  sent,
});

function show(entry: Kept, hidden: readonly string[]) {
  const sent = Object.entries(entry.sent).filter(([key]) => !hidden.includes(key));
  const times = { created_at: entry.createdAt, updated_at: entry.updatedAt };
  // The alerting API names its times otherwise.
  return {
    ...Object.fromEntries(sent),
    id: entry.id,
    ...times,
    created: entry.createdAt,
    modified: entry.updatedAt,
  };
}
