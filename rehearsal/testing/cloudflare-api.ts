import Cloudflare from "cloudflare";
import type { LocalCloudflare } from "../cloudflare/index.ts";

/** What the tests ask of the account by themselves, as a person would in the dashboard. */
export interface CloudflareApi {
  createTunnel(name: string): Promise<{ id: string; token: string }>;
  deleteTunnel(id: string): Promise<void>;
  tunnelStatus(id: string): Promise<string>;
  /** Puts public hostnames into a tunnel's ingress. */
  publish(tunnelId: string, ingress: { hostname?: string; service: string }[]): Promise<void>;
}

/** By the official client, against the local API. */
export function cloudflareApi({ apiUrl, apiToken, accountId }: LocalCloudflare): CloudflareApi {
  const client = new Cloudflare({ apiToken, baseURL: apiUrl, maxRetries: 0 });
  const tunnels = client.zeroTrust.tunnels.cloudflared;
  const account = { account_id: accountId };
  return {
    async createTunnel(name) {
      const { id = "" } = await tunnels.create({ ...account, name, config_src: "cloudflare" });
      return { id, token: String(await tunnels.token.get(id, account)) };
    },
    async deleteTunnel(id) {
      await tunnels.delete(id, account);
    },
    async tunnelStatus(id) {
      return (await tunnels.get(id, account)).status ?? "";
    },
    async publish(id, ingress) {
      await client.put(`/accounts/${accountId}/cfd_tunnel/${id}/configurations`, {
        body: { config: { ingress } },
      });
    },
  };
}
