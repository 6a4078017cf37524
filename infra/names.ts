import type { GatewayConfig } from "./config.ts";
import { WORKERS_DEV } from "./config-names.ts";
import type { AccountFacts } from "./preflight.ts";

/** What the stack's parts are called in the account, and where the gateway is found. */
export interface Names {
  /** Of the tunnel, the VPC service, the Access application and its policies. */
  readonly base: string;
  readonly workerName: string;
  /** Every hostname that the gateway answers at, its main one first. */
  readonly hostnames: readonly [string, ...string[]];
  /** Those of them that lie in zones of the account. */
  readonly ownHostnames: readonly string[];
  /** Whether one of them is the address below workers.dev. */
  readonly onWorkersDev: boolean;
}

/** What a stack's tunnel, VPC service and Access application are called, whatever its config says. */
export const baseName = (stack: string): string => `openclaw-${stack}`;

/** What a shared stack's probe is called. */
export const probeName = (stack: string): string => `${baseName(stack)}-probe`;

/**
 * Names follow from the stack, so that two stacks of one account never collide and a stack is recognised in the
 * dashboard. The account's workers.dev name is the account's own where the config does not give it.
 */
export function nameParts(stack: string, config: GatewayConfig, account: AccountFacts): Names {
  const base = baseName(stack);
  const workerName = config.workerName || base;
  const workersDev = `${workerName}.${config.workersSubdomain || account.workersSubdomain}.workers.dev`;
  const configured = [config.hostname || WORKERS_DEV, ...config.alsoHostnames];
  const [main = workersDev, ...others] = configured.map((name) => (name === WORKERS_DEV ? workersDev : name));
  return {
    base,
    workerName,
    hostnames: [main, ...others],
    ownHostnames: configured.filter((name) => name !== WORKERS_DEV),
    onWorkersDev: configured.includes(WORKERS_DEV),
  };
}
