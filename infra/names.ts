import type { GatewayConfig } from "./config.ts";
import type { AccountFacts } from "./preflight.ts";

/** What the stack's parts are called in the account, and where the gateway is found. */
export interface Names {
  /** Of the tunnel, the VPC service, the Access application and policies, and the Worker. */
  readonly base: string;
  /** Host name of the gateway. */
  readonly hostname: string;
}

/**
 * Names follow from the stack, so that two stacks of one account never collide and a stack is recognised in the
 * dashboard. The account's workers.dev name is the account's own where the config does not give it.
 */
export function nameParts(stack: string, config: GatewayConfig, account: AccountFacts): Names {
  const base = `openclaw-${stack}`;
  const subdomain = config.workersSubdomain || account.workersSubdomain;
  return { base, hostname: `${base}.${subdomain}.workers.dev` };
}
