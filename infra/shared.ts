import * as pulumi from "@pulumi/pulumi";
import { bundleProbe } from "../contract/bundle.ts";
import { sharedPermissions, tokenPermissions } from "../contract/permissions.ts";
import { allKinds, judge, namesOfShared, readHeld, usesOf } from "./account-limits.ts";
import { Alerts, mayUseWebhooks } from "./alerts.ts";
import {
  type CloudflareApi,
  CloudflareApiError,
  cloudflareOfStack,
  readCloudflare,
} from "./cloudflare-api.ts";
import type { SharedConfig } from "./config.ts";
import { baseName, probeName } from "./names.ts";
import { lookAtAccount } from "./preflight.ts";
import { Probe } from "./probe.ts";
import { Refusal } from "./refusal.ts";
import { findGateways } from "./shared-gateways.ts";
import { findGroups, SharedPeople } from "./shared-people.ts";

/** What an account needs once: alarms for all of its gateways, and the groups and login methods that they name. */
export async function sharedStack(stack: string, { accountId, plan, shared }: SharedConfig) {
  const api = cloudflareOfStack();
  const hasProbe = shared.alerts.webhooks.length > 0;
  const hasPeople = shared.groups.length + shared.loginMethods.length > 0;
  const needs = { alerts: shared.gateways.length > 0, probe: hasProbe, people: hasPeople };
  const { teamDomain } = await lookAtAccount(accountId, api, sharedPermissions(needs));
  const name = baseName(stack);
  const scriptName = probeName(stack);
  const held = await readHeld(accountId, allKinds, api);
  const uses = usesOf(held, namesOfShared(stack, shared), plan);
  for (const note of judge(uses, accountId, plan)) pulumi.log.warn(note);
  const groups = await findGroups(accountId, shared, api);
  const gateways = shared.gateways.length > 0 ? await findGateways(accountId, shared.gateways, api) : [];
  if (shared.alerts.tunnelReadToken)
    await lookAtReadToken(shared.alerts.tunnelReadToken, accountId, gateways[0]?.tunnelId, api);

  const alerts = await heardAlerts(accountId, shared.alerts, api);
  if (alerts.emails.length + alerts.webhooks.length > 0)
    new Alerts(stack, { accountId, name, alerts, tunnelIds: gateways.map(({ tunnelId }) => tunnelId) });
  const probe = hasProbe
    ? new Probe(stack, {
        accountId,
        scriptName,
        bundle: await bundleProbe(),
        shared,
        gateways,
        apiUrl: api.baseUrl,
      })
    : undefined;

  const people = hasPeople
    ? new SharedPeople(stack, { accountId, groups, loginMethods: shared.loginMethods })
    : undefined;

  return {
    gateways: shared.gateways,
    ...(people && {
      groups: people.groups,
      loginMethods: people.loginMethods,
      /** What a login service wants to know of Access. */
      redirectUrl: `https://${teamDomain}/cdn-cgi/access/callback`,
    }),
    account: uses.map(({ what, used, most }) => ({ what, used, most })),
    /** Where `npm run family -- status` reads what the probe found last. */
    probeReport: probe?.reportNamespaceId,
  };
}

/**
 * The probe's token must read tunnels, and no more as far as reads can tell: no API tells a token's permissions. Whoever
 * may read a tunnel's own token can run a connector of it; that takes more than Read
 * (https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/remote-tunnel-permissions/).
 *
 * @throws Refusal
 */
async function lookAtReadToken(
  token: string,
  accountId: string,
  tunnelId: string | undefined,
  api: CloudflareApi,
): Promise<void> {
  const refusal = (what: string) =>
    new Refusal(
      "SHARED_READ_TOKEN",
      `shared.alerts.tunnelReadToken ${what}`,
      "make a token with Cloudflare Tunnel, Read and nothing else: https://dash.cloudflare.com/profile/api-tokens",
      "npx pulumi config set --path --secret shared.alerts.tunnelReadToken < token.txt",
    );
  if (token === api.token)
    throw refusal(
      "is the token that this program runs with: a Worker must not hold what may change the account",
    );
  const mayRead = async (path: string): Promise<boolean> => {
    try {
      await readCloudflare(`/accounts/${accountId}${path}`, { ...api, token });
      return true;
    } catch (error) {
      if (!(error instanceof CloudflareApiError) || (error.status ?? 500) >= 500 || error.status === 429)
        throw error;
      return false;
    }
  };
  const tunnel = `/cfd_tunnel/${tunnelId}`;
  if (!(await mayRead(`${tunnel}/connections`))) throw refusal("may not read the tunnels of this account");
  // Reports differ on who may read the connectivity directory, so that one proves nothing.
  const others = new Map(
    tokenPermissions.flatMap(({ name, proof }) =>
      proof && !/^.(cfd_tunnel|connectivity)/.test(proof) ? [[proof, name] as const] : [],
    ),
  );
  const more = await Promise.all([
    mayRead(`${tunnel}/token`).then((may) => (may ? ["Cloudflare Tunnel: Edit"] : [])),
    ...[...others].map(async ([proof, name]) => ((await mayRead(proof)) ? [name] : [])),
  ]);
  if (more.flat().length > 0)
    throw refusal(`may do more than read tunnels, as a Worker must not: ${more.flat().join(", ")}`);
}

/** Those whom Cloudflare itself will tell: the probe tells its webhooks in any account. */
async function heardAlerts(
  accountId: string,
  alerts: SharedConfig["shared"]["alerts"],
  api: CloudflareApi,
): Promise<SharedConfig["shared"]["alerts"]> {
  if (alerts.webhooks.length === 0 || (await mayUseWebhooks(accountId, api))) return alerts;
  pulumi.log.warn(
    `ALERTS_NOT_TO_WEBHOOKS: Cloudflare sends its own alarms to webhooks only where the account has a zone on the Pro plan or above; of a tunnel that is down and a service token that expires it tells ${alerts.emails.join(", ") || "nobody: npx pulumi config set --path 'shared.alerts.emails[0]' ADDRESS"}. The probe's alarms go to the webhooks all the same`,
  );
  return { ...alerts, webhooks: [] };
}
