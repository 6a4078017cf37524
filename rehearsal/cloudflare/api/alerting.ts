import type { Hono } from "hono";
import * as z from "zod";
import type { Account } from "../account.ts";
import { hexId } from "../identifiers.ts";
import type { Notifications } from "../notifications.ts";
import { ApiError, answer, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";
import { keeping } from "./kept.ts";

/** Codes of the alerting API: 17000 malformed, 17001 unknown. */
const alerting = { invalid: 17000, notFoundCode: 17001 };

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

/**
 * Alerts and where they go: A/alerting/v3. Webhooks want a zone on the Pro plan or above
 * (https://developers.cloudflare.com/notifications/get-started/configure-webhooks/); the words of that refusal, and of
 * the one for a webhook that did not take its test message, are guesses.
 */
export function serveAlerting(routes: Hono, account: Account, notifications: Notifications): void {
  const destinations = "/alerting/v3/destinations";
  routes.get(`${destinations}/eligible`, (c) => {
    const one = (type: string, eligible: boolean) => [{ eligible, ready: true, type }];
    return answer(c, {
      email: one("email", true),
      pagerduty: one("pagerduty", account.paidZone),
      webhooks: one("webhook", account.paidZone),
    });
  });
  const readWebhook = (body: unknown) => {
    if (!account.paidZone)
      throw new ApiError(403, alerting.invalid, "this account is not entitled to webhook destinations");
    return parseBody(webhook, body, alerting.invalid);
  };
  const tested = async (body: unknown) => {
    const { url, secret } = readWebhook(body);
    if (!(await notifications.test(url, secret)))
      throw new ApiError(400, alerting.invalid, "error sending a test message to the webhook");
  };
  const kept = keeping(readWebhook, hexId, ["secret"]);
  serveFamily(routes, {
    show: kept.show,
    create: async (body) => {
      await tested(body);
      return kept.create(body);
    },
    update: async (before, body) => {
      await tested(body);
      return kept.update(before, body);
    },
    notFoundCode: alerting.notFoundCode,
    path: `${destinations}/webhooks`,
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

function mechanismIds(sent: Record<string, unknown>, kind: string): string[] {
  const mechanisms = sent.mechanisms as Record<string, { id: string }[] | undefined>;
  return (mechanisms[kind] ?? []).map((mechanism) => mechanism.id);
}
