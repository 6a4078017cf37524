import * as pulumi from "@pulumi/pulumi";
import { bundleWorker } from "../contract/bundle.ts";
import { Access } from "./access.ts";
import { lookAtPeople } from "./access-look.ts";
import { findNames } from "./access-names.ts";
import { lookForRoom } from "./account-limits.ts";
import { cloudflareOfStack } from "./cloudflare-api.ts";
import type { PiConfig } from "./config.ts";
import { readConfig } from "./config-source.ts";
import { lookAtHostnames } from "./hostnames.ts";
import { refusePublicHostnames } from "./ingress.ts";
import { limitedLogins } from "./login-methods.ts";
import { nameParts } from "./names.ts";
import { openclawWanted } from "./openclaw-wanted.ts";
import { gatewayOutputs } from "./outputs.ts";
import { judgeApplications, listApplications } from "./overlapping-applications.ts";
import { Pi } from "./pi.ts";
import { tellWhatIsLeft } from "./pi-abandoned.ts";
import { lookAtPi } from "./pi-look.ts";
import { lookAtAccount } from "./preflight.ts";
import { lookAtReusedTunnel } from "./reused-tunnel.ts";
import { sharedStack } from "./shared.ts";
import { lookup } from "./shared-lookups.ts";
import { Tunnel } from "./tunnel.ts";
import { GatewayWorker } from "./worker.ts";

/**
 * The whole chain of one stack, in the order in which it is built; destroy goes the other way.
 * `pulumi up` runs it by Pulumi.yaml, the rehearsal by the Automation API: with the same inputs it gives the same state.
 */
export default async function gateway() {
  const stack = pulumi.getStack();
  const config = readConfig(stack);
  if ("shared" in config) return sharedStack(stack, config);
  const { accountId } = config;
  const api = cloudflareOfStack();
  const asked = `${api.baseUrl} ${api.token} ${accountId}`;
  const account = await lookup(`account ${asked}`, () => lookAtAccount(accountId, api));
  const { base, workerName, hostnames, ownHostnames, onWorkersDev } = nameParts(stack, config, account);
  for (const note of await lookForRoom(stack, { ...config, workerName }, api)) await pulumi.log.warn(note);
  const [origin = "", ...otherOrigins] = hostnames.map((hostname) => `https://${hostname}`);
  const zoneIds = config.zoneId ? { [config.hostname]: config.zoneId } : {};
  const domains = await lookAtHostnames(
    { accountId, hostnames: ownHostnames, zoneIds, scriptName: workerName, tokenPage: account.tokenPage },
    api,
  );
  const reused = config.tunnel.id || undefined;
  if (reused) await lookAtReusedTunnel({ accountId, id: reused, port: config.pi.openclawPort }, api);
  else await refusePublicHostnames(accountId, base);
  const limited = await lookup(`logins ${asked}`, () => limitedLogins(accountId, api));
  if (limited) await pulumi.log.warn(limited);
  const people = await findNames(accountId, config.access, api);
  for (const note of await lookAtPeople(accountId, people, api)) await pulumi.log.warn(note);
  const applications = await lookup(`applications ${asked}`, () => listApplications(accountId, api));
  for (const note of judgeApplications(applications, hostnames, accountId)) await pulumi.log.warn(note);
  if (!pulumi.runtime.isDryRun()) {
    if (config.pi.abandoned) await tellWhatIsLeft(config.pi, stack, reused === undefined);
    else await look(config.pi);
  }

  const tunnel = new Tunnel(stack, {
    accountId,
    name: base,
    existingId: reused,
    openclawPort: config.pi.openclawPort,
    secret: config.tunnel.secret,
  });

  const access = new Access(stack, {
    accountId,
    name: base,
    hostnames,
    people,
    serviceTokens: config.serviceTokens,
    preflights: config.corsOrigins.length > 0,
  });

  // The connector stops, and with it the tunnel's connections, before the tunnel is deleted.
  const pi = new Pi(
    stack,
    {
      config: config.pi,
      stack,
      wanted: openclawWanted(config, origin, otherOrigins),
      cloudflared: config.cloudflared,
      firewall: config.firewall,
      tunnelToken: tunnel.token,
      auditLog: config.auditLog,
    },
    { dependsOn: tunnel },
  );

  // The names answer only once Access guards it.
  new GatewayWorker(
    stack,
    {
      accountId,
      stack,
      scriptName: workerName,
      config,
      bundle: await bundleWorker(),
      domains,
      onWorkersDev,
      vpcServiceId: tunnel.vpcServiceId,
      teamDomain: `https://${account.teamDomain}`,
      audience: access.audience,
      serviceTokens: access.serviceTokens,
      gatewayToken: pi.gatewayToken,
    },
    { dependsOn: [access, pi] },
  );

  const programs = config.serviceTokens;
  return gatewayOutputs({ hostnames, tunnel, access, pi, tunnelReused: reused !== undefined, programs });
}

async function look(pi: PiConfig): Promise<void> {
  pulumi.log.info(`looking at ${pi.host}`, undefined, undefined, true);
  await lookAtPi(pi);
}
