import * as pulumi from "@pulumi/pulumi";
import { provenByWritesAlone, tokenPermissions } from "../contract/permissions.ts";
import { lookAtPeople } from "./access-look.ts";
import { findNames } from "./access-names.ts";
import { lookForRoom } from "./account-limits.ts";
import { type CloudflareApi, cloudflareOfStack } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import { gather } from "./gather.ts";
import { type CustomDomain, lookAtHostnames } from "./hostnames.ts";
import { refusePublicHostnames } from "./ingress.ts";
import { limitedLogins } from "./login-methods.ts";
import { type Names, nameParts } from "./names.ts";
import { judgeApplications, listApplications } from "./overlapping-applications.ts";
import { tellWhatIsLeft } from "./pi-abandoned.ts";
import { lookAtPi } from "./pi-look.ts";
import { type AccountFacts, lookAtAccount } from "./preflight.ts";
import { lookAtReusedTunnel } from "./reused-tunnel.ts";
import { lookup } from "./shared-lookups.ts";

/** What the looks before an up have found. */
export interface Surroundings {
  readonly account: AccountFacts;
  readonly names: Names;
  /** The gateway's hostnames in zones of the account. */
  readonly domains: readonly CustomDomain[];
  /** Who may log in, by ids where the config has names. */
  readonly people: GatewayConfig["access"];
}

/**
 * Looks at the account and, but for a preview, at the Pi, before anything is created; says what is to be known.
 *
 * @throws Refusal that lists all that stands in the way, on both sides
 */
export async function lookAround(stack: string, config: GatewayConfig): Promise<Surroundings> {
  const [surroundings] = await gather([
    lookAtCloudflare(stack, config, cloudflareOfStack()),
    pulumi.runtime.isDryRun() ? Promise.resolve() : lookAtItsPi(stack, config),
  ] as const);
  return surroundings;
}

/** What a token that opens nothing would be told of everything else is no news: that look comes first, by itself. */
async function lookAtCloudflare(
  stack: string,
  config: GatewayConfig,
  api: CloudflareApi,
): Promise<Surroundings> {
  const { accountId, tunnel } = config;
  const asked = `${api.baseUrl} ${api.token} ${accountId}`;
  const account = await lookup(`account ${asked}`, () => lookAtAccount(accountId, api));
  const names = nameParts(stack, config, account);
  const { base, workerName, hostnames, ownHostnames } = names;
  const zoneIds = config.zoneId ? { [config.hostname]: config.zoneId } : {};
  const { tokenPage } = account;
  const ofNames = { accountId, hostnames: ownHostnames, zoneIds, scriptName: workerName, tokenPage };
  const [domains, people] = await gather([
    lookAtHostnames(ofNames, api),
    findNames(accountId, config.access, api).then(async (found) => {
      await warn(await lookAtPeople(accountId, found, api));
      return found;
    }),
    lookAtRoom(stack, { ...config, workerName }, api),
    tunnel.id
      ? lookAtReusedTunnel({ accountId, id: tunnel.id, port: config.pi.openclawPort }, api)
      : refusePublicHostnames(accountId, base),
    lookup(`logins ${asked}`, () => limitedLogins(accountId, api)).then((note) => warn(note ? [note] : [])),
    lookup(`applications ${asked}`, () => listApplications(accountId, api)).then((applications) =>
      warn(judgeApplications(applications, hostnames, accountId)),
    ),
  ] as const);
  return { account, names, domains, people };
}

async function lookAtRoom(stack: string, config: GatewayConfig, api: CloudflareApi): Promise<void> {
  const { notes, makes } = await lookForRoom(stack, config, api);
  await warn(notes);
  if (makes) await pulumi.log.info(provenByWritesAlone(tokenPermissions));
}

async function lookAtItsPi(stack: string, { pi, tunnel }: GatewayConfig): Promise<void> {
  if (pi.abandoned) return tellWhatIsLeft(pi, stack, !tunnel.id);
  pulumi.log.info(`looking at ${pi.host}`, undefined, undefined, true);
  await lookAtPi(pi);
}

async function warn(notes: readonly string[]): Promise<void> {
  for (const note of notes) await pulumi.log.warn(note);
}
