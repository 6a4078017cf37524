import type { CloudflareApi } from "./cloudflare-api.ts";
import { fill } from "./cloudflare-resource.ts";
import { toSdk } from "./names.ts";
import type { Properties, Provider } from "./protocol.ts";

/**
 * The data sources. Like the real ones they give plain outputs, the tunnel's token among them: marking it as a secret
 * is the program's own task.
 */
export function cloudflareFunctions(api: () => CloudflareApi): Provider["functions"] {
  return {
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": async (
      args,
    ) => {
      const token = await api().call("get", fill("/accounts/{accountId}/cfd_tunnel/{tunnelId}/token", args));
      return { ...args, token };
    },
    "cloudflare:index/getZeroTrustOrganization:getZeroTrustOrganization": async (args) => {
      const found = await api().call("get", fill("/accounts/{accountId}/access/organizations", args));
      return { ...(toSdk(found, {}) as Properties), ...args };
    },
    "cloudflare:index/getZone:getZone": async (args) => {
      const zoneId =
        (args.zoneId as string | undefined) ?? (await findZone(api(), args.filter as ZoneFilter));
      const found = toSdk(await api().call("get", fill("/zones/{zoneId}", { zoneId })), {}) as Properties;
      return { ...found, ...args, zoneId };
    },
  };
}

interface ZoneFilter {
  readonly name?: string;
  readonly account?: { readonly id?: string };
}

/** The one zone that a filter names (terraform-provider-cloudflare, internal/services/zone/data_source.go). */
async function findZone(api: CloudflareApi, filter: ZoneFilter | undefined): Promise<string> {
  const query = new URLSearchParams();
  if (filter?.name) query.set("name", filter.name);
  if (filter?.account?.id) query.set("account.id", filter.account.id);
  const zones = (await api.call("get", `/zones?${query}`)) as readonly { readonly id: string }[];
  if (zones.length !== 1) {
    throw new Error(`failed to find exactly one result: found ${zones.length} zones`);
  }
  return (zones[0] as { readonly id: string }).id;
}
