import * as pulumi from "@pulumi/pulumi";
import { bundleWorker } from "../contract/bundle.ts";
import { Access } from "./access.ts";
import { readConfig } from "./config-source.ts";
import { lookAround } from "./look.ts";
import { openclawWanted } from "./openclaw-wanted.ts";
import { gatewayOutputs } from "./outputs.ts";
import { Pi } from "./pi.ts";
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
  const { account, names, domains, people } = await lookAround(stack, config);
  const { base, workerName, hostnames, onWorkersDev } = names;
  const [origin = "", ...otherOrigins] = hostnames.map((hostname) => `https://${hostname}`);
  const reused = config.tunnel.id || undefined;

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
