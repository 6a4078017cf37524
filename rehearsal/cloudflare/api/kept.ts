import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import type { Account, Kept } from "../account.ts";
import { hexId, timestamp } from "../identifiers.ts";
import { accessConflict, accessLimit, accessNotFound, invalidRequest } from "./access-rules.ts";
import { ApiError, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";

/** Codes of the alerting API: 17000 malformed, 17001 unknown. */
const alerting = { invalid: 17000, notFoundCode: 17001 };

const identityProvider = z.looseObject({
  name: z.string().min(1),
  type: z.string().min(1),
  config: z.looseObject({}),
});
const webhook = z.looseObject({ name: z.string().min(1), url: z.url(), secret: z.string().optional() });
const alertPolicy = z.looseObject({
  name: z.string().min(1),
  alert_type: z.string().min(1),
  enabled: z.boolean(),
  filters: z.looseObject({}).optional(),
  mechanisms: z.record(
    z.enum(["email", "webhooks", "pagerduty"]),
    z.array(z.looseObject({ id: z.string() })).optional(),
  ),
});

/** Resources that are kept and answered; login methods are what the login page offers, the others do nothing here. */
export function serveKept(routes: Hono, account: Account): void {
  serveFamily(routes, {
    ...keeping(readIdentityProvider, randomUUID),
    create: (body) => {
      const sent = readIdentityProvider(body);
      // An account has one of these (public reports of August 2026).
      if (sent.type === "onetimepin" && account.identityProviders.find((one) => one.sent.type === sent.type))
        throw new ApiError(
          409,
          accessConflict,
          "access.api.error.conflict: a onetimepin connection already exists",
        );
      return keep(randomUUID(), sent, timestamp());
    },
    path: "/access/identity_providers",
    collection: account.identityProviders,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.identityProviders, "identity providers"),
  });
  serveFamily(routes, {
    ...keeping((body) => parseBody(webhook, body, alerting.invalid), hexId, ["secret"]),
    notFoundCode: alerting.notFoundCode,
    path: "/alerting/v3/destinations/webhooks",
    collection: account.webhooks,
    refuseDelete: (entry) => {
      if (account.alertPolicies.find((policy) => mechanismIds(policy.sent, "webhooks").includes(entry.id)))
        throw new ApiError(409, alerting.invalid, "a notification policy uses this webhook");
    },
  });
  const readAlert = (body: unknown) => {
    const sent = parseBody(alertPolicy, body, alerting.invalid);
    for (const id of mechanismIds(sent, "webhooks")) {
      if (!account.webhooks.get(id)) throw new ApiError(400, alerting.invalid, `unknown webhook ${id}`);
    }
    return sent;
  };
  serveFamily(routes, {
    ...keeping(readAlert, hexId),
    notFoundCode: alerting.notFoundCode,
    path: "/alerting/v3/policies",
    collection: account.alertPolicies,
  });
}

const readIdentityProvider = (body: unknown) => parseBody(identityProvider, body, invalidRequest);

/** How such a resource is made, changed and shown; `hidden` fields are never told again. */
const keeping = (
  read: (body: unknown) => Record<string, unknown> & { name: string },
  newId: () => string,
  hidden: readonly string[] = [],
) => ({
  create: (body: unknown) => keep(newId(), read(body), timestamp()),
  update: (before: Kept, body: unknown) => keep(before.id, read(body), before.createdAt),
  show: (entry: Kept) => show(entry, hidden),
});

function mechanismIds(sent: Record<string, unknown>, kind: string): string[] {
  const mechanisms = sent.mechanisms as Record<string, { id: string }[] | undefined>;
  return (mechanisms[kind] ?? []).map((mechanism) => mechanism.id);
}

const keep = (id: string, sent: Record<string, unknown> & { name: string }, createdAt: string): Kept => ({
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
