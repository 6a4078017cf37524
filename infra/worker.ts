import { AsyncResource } from "node:async_hooks";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { WorkerBundle } from "../contract/bundle.ts";
import {
  WORKER_COMPATIBILITY_DATE,
  WORKER_COMPATIBILITY_FLAGS,
  WORKER_MAIN_MODULE,
} from "../contract/worker.ts";
import { adoptable } from "./adoptable.ts";
import { claims, onlyIfFree } from "./free-name.ts";
import type { CustomDomain } from "./hostnames.ts";
import { makeLedgerClass } from "./ledger-class.ts";
import { type BindingArgs, workerBindings } from "./worker-bindings.ts";

export interface GatewayWorkerArgs extends BindingArgs {
  readonly accountId: string;
  readonly bundle: WorkerBundle;
  /** Its hostnames in zones of the account. */
  readonly domains: readonly CustomDomain[];
  /** Whether it answers below workers.dev. */
  readonly onWorkersDev: boolean;
}

/** The gateway Worker with what it is bound to, and the names that make it reachable. */
export class GatewayWorker extends pulumi.ComponentResource {
  constructor(name: string, args: GatewayWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:GatewayWorker", name, { scriptName: args.scriptName }, opts);
    const script = this.createScript(name, args);
    const domains = args.domains.map((domain) => this.createDomain(name, args, domain, script));
    this.createRoute(name, args, script, domains);
    this.registerOutputs({});
  }

  private createScript(name: string, args: GatewayWorkerArgs) {
    const nameIsFree = onlyIfFree(claims.worker(args.accountId, args.scriptName));
    const ledgerClass = makeLedgerClass(args.accountId, args.scriptName);
    return new cloudflare.WorkersScript(
      `${name}-script`,
      {
        accountId: args.accountId,
        scriptName: args.scriptName,
        mainModule: WORKER_MAIN_MODULE,
        // The file and its hash: a Worker in `content` would stand in the state and in every diff.
        contentFile: args.bundle.contentFile,
        contentSha256: args.bundle.sha256,
        compatibilityDate: WORKER_COMPATIBILITY_DATE,
        compatibilityFlags: [...WORKER_COMPATIBILITY_FLAGS],
        bindings: workerBindings(args),
        // Invocation logs record the URL and headers of every request: the audit line says what may be said.
        observability: { enabled: true, logs: { enabled: true, invocationLogs: false } },
      },
      {
        parent: this,
        ...adoptable,
        hooks: { beforeCreate: [nameIsFree, ledgerClass], beforeUpdate: [ledgerClass] },
      },
    );
  }

  /** Named by its hostname, so that one which stays while another becomes the main one is not made anew. */
  private createDomain(
    name: string,
    { accountId }: GatewayWorkerArgs,
    { hostname, zoneId }: CustomDomain,
    script: cloudflare.WorkersScript,
  ) {
    return new cloudflare.WorkersCustomDomain(
      `${name}-domain-${hostname}`,
      { accountId, hostname, service: script.scriptName, zoneId },
      { parent: this, hooks: { afterCreate: [AsyncResource.bind(() => tellOfCertificate(hostname))] } },
    );
  }

  /**
   * The name below workers.dev, or that there is none; previews never. After the other names: the new one answers
   * before this one goes. Names are switched on last and off first, so that none leads to a Worker without all its
   * bindings.
   */
  private createRoute(
    name: string,
    { accountId, onWorkersDev }: GatewayWorkerArgs,
    script: cloudflare.WorkersScript,
    domains: readonly cloudflare.WorkersCustomDomain[],
  ) {
    return new cloudflare.WorkersScriptSubdomain(
      `${name}-route`,
      { accountId, scriptName: script.scriptName, enabled: onWorkersDev, previewsEnabled: false },
      { parent: this, dependsOn: [...domains], hooks: { afterCreate: [AsyncResource.bind(tellOfDelay)] } },
    );
  }
}

/**
 * Access takes up to about 45 s to guard a new name everywhere. An up does not wait for that: what it sees from here is
 * one place of Cloudflare's network, and nothing is open meanwhile, since the Worker verifies every request itself.
 */
const tellOfDelay = (): void => {
  pulumi.log.info(
    "the gateway is built. Its login page takes up to a minute to appear; until then every request is refused (ACCESS_TOKEN_MISSING)",
  );
};

/** https://developers.cloudflare.com/workers/configuration/routing/custom-domains/: its certificate is made on the spot. */
const tellOfCertificate = (hostname: string): void => {
  pulumi.log.info(
    `${hostname} is attached. Cloudflare makes its DNS record and certificate now; until these are everywhere, a few minutes, browsers cannot connect to it`,
  );
};
