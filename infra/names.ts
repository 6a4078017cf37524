import { readCloudflare } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";

/** What the stack's parts are called in the account, and where the gateway is found. */
export interface Names {
  /** Of the tunnel, the VPC service, the Access application and policies, and the Worker. */
  readonly base: string;
  /** Host name of the gateway. */
  readonly hostname: string;
}

/**
 * Names follow from the stack, so that two stacks of one account never collide and a stack is recognised in the
 * dashboard. The account's workers.dev name is asked of the API when the config does not give it: no data source
 * of the provider has it.
 */
export async function nameParts(stack: string, config: GatewayConfig): Promise<Names> {
  const base = `openclaw-${stack}`;
  const subdomain =
    config.workersSubdomain ||
    (await readCloudflare<{ subdomain: string }>(`/accounts/${config.accountId}/workers/subdomain`))
      .subdomain;
  return { base, hostname: `${base}.${subdomain}.workers.dev` };
}
