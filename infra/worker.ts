import { AsyncResource } from "node:async_hooks";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { WorkerBundle } from "../contract/bundle.ts";
import {
  WORKER_COMPATIBILITY_DATE,
  WORKER_COMPATIBILITY_FLAGS,
  WORKER_MAIN_MODULE,
} from "../contract/worker.ts";
import { claims, onlyIfFree } from "./free-name.ts";
import { makeLedgerClass } from "./ledger-class.ts";
import { type BindingArgs, workerBindings } from "./worker-bindings.ts";

export interface GatewayWorkerArgs extends BindingArgs {
  readonly accountId: string;
  readonly bundle: WorkerBundle;
}

/** The gateway Worker with what it is bound to, and the route that makes it reachable. */
export class GatewayWorker extends pulumi.ComponentResource {
  constructor(name: string, args: GatewayWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:GatewayWorker", name, { scriptName: args.scriptName }, opts);
    const script = this.createScript(name, args);
    this.createRoute(name, args, script);
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
      { parent: this, hooks: { beforeCreate: [nameIsFree, ledgerClass] } },
    );
  }

  /** Switched on last and off first, so that the name never leads to a Worker without all its bindings. */
  private createRoute(name: string, args: GatewayWorkerArgs, script: cloudflare.WorkersScript) {
    return new cloudflare.WorkersScriptSubdomain(
      `${name}-route`,
      { accountId: args.accountId, scriptName: script.scriptName, enabled: true, previewsEnabled: false },
      { parent: this, hooks: { afterCreate: [AsyncResource.bind(tellOfDelay)] } },
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
