import * as pulumi from "@pulumi/pulumi";
import { bundleProbe } from "../contract/bundle.ts";
import { sharedPermissions } from "../contract/permissions.ts";
import { allKinds, judge, namesOfShared, readHeld, usesOf } from "./account-limits.ts";
import { Alerts } from "./alerts.ts";
import { cloudflareOfStack } from "./cloudflare-api.ts";
import type { SharedConfig } from "./config.ts";
import { lookAtAccount } from "./preflight.ts";
import { Probe } from "./probe.ts";
import { findGateways } from "./shared-gateways.ts";

/** The account's one shared stack: alarms for all of its gateways. */
export async function sharedStack(stack: string, { accountId, plan, shared }: SharedConfig) {
  const api = cloudflareOfStack();
  await lookAtAccount(accountId, api, sharedPermissions);
  const name = `openclaw-${stack}`;
  const scriptName = `${name}-probe`;
  const held = await readHeld(accountId, allKinds, api);
  const uses = usesOf(held, namesOfShared(stack, shared.alerts.webhooks.length));
  for (const note of judge(uses, accountId, plan)) pulumi.log.warn(note);
  const gateways = await findGateways(accountId, shared.gateways, api);

  new Alerts(stack, {
    accountId,
    name,
    alerts: shared.alerts,
    tunnelIds: gateways.map(({ tunnelId }) => tunnelId),
  });
  if (shared.alerts.webhooks.length > 0)
    new Probe(stack, { accountId, scriptName, bundle: await bundleProbe(), shared, gateways });

  return { gateways: shared.gateways, account: uses.map(({ what, used, most }) => ({ what, used, most })) };
}
