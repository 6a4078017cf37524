import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import { Refusal } from "./refusal.ts";

/** Where a watched stack's OpenClaw is found in the account. */
export interface WatchedGateway {
  readonly name: string;
  readonly tunnelId: string;
  readonly vpcServiceId: string;
}

interface Listed {
  readonly id: string;
  readonly service_id: string;
  readonly name: string;
}

/**
 * Finds the watched stacks' tunnels and VPC services by the names that their stacks gave them. So the shared stack needs
 * no access to another stack's state, nor any credential of its gateway.
 *
 * @throws Refusal that lists every stack that is not there
 */
export async function findGateways(
  accountId: string,
  stacks: readonly string[],
  api: CloudflareApi,
): Promise<WatchedGateway[]> {
  const services = await readCloudflare<Listed[]>(
    `/accounts/${accountId}/connectivity/directory/services?per_page=1000`,
    api,
  );
  const found = await Promise.all(
    stacks.map(async (name) => {
      const resource = `openclaw-${name}`;
      const tunnels = await readCloudflare<Listed[]>(
        `/accounts/${accountId}/cfd_tunnel?name=${encodeURIComponent(resource)}&is_deleted=false`,
        api,
      );
      const tunnelId = tunnels.find((one) => one.name === resource)?.id;
      const vpcServiceId = services.find((one) => one.name === resource)?.service_id;
      return { name, tunnelId, vpcServiceId };
    }),
  );
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
