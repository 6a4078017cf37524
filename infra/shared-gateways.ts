import { type CloudflareApi, listCloudflare } from "./cloudflare-api.ts";
import { baseName } from "./names.ts";
import { Refusal } from "./refusal.ts";

/** Where a watched stack's OpenClaw is found in the account. */
export interface WatchedGateway {
  readonly name: string;
  readonly tunnelId: string;
  readonly vpcServiceId: string;
}

interface ListedService {
  readonly service_id: string;
  readonly name: string;
  readonly host: {
    readonly network?: { readonly tunnel_id: string };
    readonly resolver_network?: { readonly tunnel_id: string };
  };
}

/**
 * Finds the watched stacks' VPC services by the name that every stack gives its own, and by these the tunnels: one that
 * a stack reuses has a name of its owner's. So the shared stack needs no access to another stack's state, nor any
 * credential of its gateway. How a stack calls its Worker does not matter: the probe goes past it.
 *
 * @throws Refusal that lists every stack that is not there
 */
export async function findGateways(
  accountId: string,
  stacks: readonly string[],
  api: CloudflareApi,
): Promise<WatchedGateway[]> {
  const services = await listCloudflare<ListedService>(
    `/accounts/${accountId}/connectivity/directory/services`,
    api,
  );
  const found = stacks.map((name) => {
    const service = services.find((one) => one.name === baseName(name));
    const { network, resolver_network: resolver } = service?.host ?? {};
    return { name, tunnelId: (network ?? resolver)?.tunnel_id, vpcServiceId: service?.service_id };
  });
  const missing = found.filter(({ tunnelId, vpcServiceId }) => !tunnelId || !vpcServiceId);
  if (missing.length > 0) {
    throw new Refusal(
      "SHARED_GATEWAY_MISSING",
      `the account has no gateway of ${missing.length === 1 ? "the stack" : "the stacks"} ${missing.map(({ name }) => name).join(", ")}, which openclaw-gateway:shared.gateways names`,
      ...missing.map(({ name }) => `build it: npx pulumi up --stack ${name}`),
      "or take it out: npx pulumi config rm --path 'openclaw-gateway:shared.gateways[N]'",
    );
  }
  return found as WatchedGateway[];
}
