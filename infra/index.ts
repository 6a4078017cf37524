import * as pulumi from "@pulumi/pulumi";
import { bundleWorker } from "../contract/bundle.ts";
import { Access } from "./access.ts";
import { cloudflareOfStack } from "./cloudflare-api.ts";
import type { PiConfig } from "./config.ts";
import { readConfig } from "./config-source.ts";
import { refusePublicHostnames } from "./ingress.ts";
import { limitedLogins } from "./login-methods.ts";
import { nameParts } from "./names.ts";
import { openclawWanted } from "./openclaw-wanted.ts";
import { gatewayOutputs } from "./outputs.ts";
import { Pi } from "./pi.ts";
import { tellWhatIsLeft } from "./pi-abandoned.ts";
import { lookAtPi } from "./pi-look.ts";
import { lookAtAccount } from "./preflight.ts";
import { sharedStack } from "./shared.ts";
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
  const account = await lookAtAccount(accountId, api);
  const { base, hostname } = nameParts(stack, config, account);
  await refusePublicHostnames(accountId, base);
  const limited = await limitedLogins(accountId, api);
  if (limited) await pulumi.log.warn(limited);
  if (!pulumi.runtime.isDryRun()) {
    if (config.pi.abandoned) await tellWhatIsLeft(config.pi, stack);
    else await look(config.pi);
  }

  const tunnel = new Tunnel(stack, { accountId, name: base, openclawPort: config.pi.openclawPort });

  const access = new Access(stack, {
    accountId,
    name: base,
    hostname,
    people: config.access,
    serviceTokens: config.serviceTokens,
    preflights: config.corsOrigins.length > 0,
  });

  // The connector stops, and with it the tunnel's connections, before the tunnel is deleted.
  const pi = new Pi(
    stack,
    {
      config: config.pi,
      stack,
      wanted: openclawWanted(config, `https://${hostname}`),
      cloudflared: config.cloudflared,
      firewall: config.firewall,
      tunnelToken: tunnel.token,
      auditLog: config.auditLog,
    },
    { dependsOn: tunnel },
  );

  // The name answers only once Access guards it.
  new GatewayWorker(
    stack,
    {
      accountId,
      stack,
      scriptName: base,
      config,
      bundle: await bundleWorker(),
      vpcServiceId: tunnel.vpcServiceId,
      teamDomain: access.teamDomain,
      audience: access.audience,
      serviceTokens: access.serviceTokens,
      gatewayToken: pi.gatewayToken,
    },
    { dependsOn: [access, pi] },
  );

  return gatewayOutputs({ hostname, tunnel, access, pi });
}

async function look(pi: PiConfig): Promise<void> {
  pulumi.log.info(`looking at ${pi.host}`, undefined, undefined, true);
  await lookAtPi(pi);
}
