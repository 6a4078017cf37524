import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { WorkerBundle } from "../contract/bundle.ts";
import { PROBE_BINDINGS, PROBE_MEMORY_CLASS, type ProbeVariable, probeBinding } from "../contract/probe.ts";
import {
  WORKER_COMPATIBILITY_DATE,
  WORKER_COMPATIBILITY_FLAGS,
  WORKER_MAIN_MODULE,
} from "../contract/worker.ts";
import type { SharedConfig } from "./config.ts";
import { claims, onlyIfFree } from "./free-name.ts";
import { makeObjectClass } from "./ledger-class.ts";
import type { WatchedGateway } from "./shared-gateways.ts";

export interface ProbeArgs {
  readonly accountId: string;
  readonly scriptName: string;
  readonly bundle: WorkerBundle;
  readonly shared: SharedConfig["shared"];
  readonly gateways: readonly WatchedGateway[];
  /** Where Cloudflare's API is. */
  readonly apiUrl: string;
}

/**
 * The Worker that asks each OpenClaw through its tunnel, and the clock that calls it. It holds no credential of a
 * gateway: a binding leads through each stack's VPC service, and OpenClaw's /readyz wants none. It has no address. Of the
 * account it holds a token that may read tunnels, where the config has one.
 */
export class Probe extends pulumi.ComponentResource {
  /** The KV namespace that holds what the last run found. */
  readonly reportNamespaceId: pulumi.Output<string>;

  constructor(name: string, args: ProbeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:Probe", name, {}, opts);
    this.reportNamespaceId = this.createReport(name, args).id;
    const script = this.createScript(name, args);
    this.createSchedule(name, args, script);
    this.registerOutputs({ reportNamespaceId: this.reportNamespaceId });
  }

  /** A Durable Object can be read by nobody but its Worker, which has no address; KV by the account's API too. */
  private createReport(name: string, { accountId, scriptName: title }: ProbeArgs) {
    const titleIsFree = onlyIfFree(claims.kvNamespace(accountId, title));
    return new cloudflare.WorkersKvNamespace(
      `${name}-probe-report`,
      { accountId, title },
      { parent: this, hooks: { beforeCreate: [titleIsFree] } },
    );
  }

  private createScript(name: string, { accountId, scriptName, bundle, ...args }: ProbeArgs) {
    const nameIsFree = onlyIfFree(claims.worker(accountId, scriptName));
    const memoryClass = makeObjectClass(accountId, scriptName, PROBE_MEMORY_CLASS);
    return new cloudflare.WorkersScript(
      `${name}-probe-script`,
      {
        accountId,
        scriptName,
        mainModule: WORKER_MAIN_MODULE,
        contentFile: bundle.contentFile,
        contentSha256: bundle.sha256,
        compatibilityDate: WORKER_COMPATIBILITY_DATE,
        compatibilityFlags: [...WORKER_COMPATIBILITY_FLAGS],
        bindings: probeBindings({ accountId, ...args }, this.reportNamespaceId),
        observability: { enabled: true, logs: { enabled: true, invocationLogs: false } },
      },
      { parent: this, hooks: { beforeCreate: [nameIsFree, memoryClass] } },
    );
  }

  private createSchedule(name: string, { accountId, shared }: ProbeArgs, script: cloudflare.WorkersScript) {
    const { everyMinutes } = shared.probe;
    return new cloudflare.WorkersCronTrigger(
      `${name}-probe-clock`,
      {
        accountId,
        scriptName: script.scriptName,
        schedules: [{ cron: everyMinutes === 1 ? "* * * * *" : `*/${everyMinutes} * * * *` }],
      },
      { parent: this },
    );
  }
}

function probeBindings(
  { shared, gateways, apiUrl, accountId }: Pick<ProbeArgs, "shared" | "gateways" | "apiUrl" | "accountId">,
  reportNamespaceId: pulumi.Output<string>,
) {
  const { tunnelReadToken } = shared.alerts;
  const connectionsOf = (tunnelId: string) =>
    `${apiUrl}/accounts/${accountId}/cfd_tunnel/${tunnelId}/connections`;
  const variable: ProbeVariable = {
    gateways: shared.gateways,
    failures: shared.probe.failures,
    ...(tunnelReadToken && {
      tunnels: Object.fromEntries(gateways.map(({ name, tunnelId }) => [name, connectionsOf(tunnelId)])),
    }),
  };
  return [
    ...gateways.map(({ name, vpcServiceId }) => ({
      type: "vpc_service",
      name: probeBinding(name),
      serviceId: vpcServiceId,
    })),
    { type: "durable_object_namespace", name: PROBE_BINDINGS.memory, className: PROBE_MEMORY_CLASS },
    { type: "kv_namespace", name: PROBE_BINDINGS.report, namespaceId: reportNamespaceId },
    { type: "plain_text", name: PROBE_BINDINGS.probe, text: JSON.stringify(variable) },
    {
      type: "secret_text",
      name: PROBE_BINDINGS.webhooks,
      text: pulumi.secret(JSON.stringify(shared.alerts.webhooks)),
    },
    ...(tunnelReadToken
      ? [{ type: "secret_text", name: PROBE_BINDINGS.tunnelReadToken, text: pulumi.secret(tunnelReadToken) }]
      : []),
  ];
}
