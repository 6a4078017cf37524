import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import { Refusal } from "./refusal.ts";

/** One rule of a tunnel's remote configuration; without a hostname it takes every one. */
export interface IngressRule {
  readonly hostname?: string;
  readonly service?: string;
  readonly originRequest?: { readonly bastionMode?: boolean; readonly proxyType?: string };
}

/** The rules that the account holds for a tunnel; none for one that was never given any. */
export async function ingressOf(
  accountId: string,
  tunnelId: string,
  api?: CloudflareApi,
): Promise<readonly IngressRule[]> {
  const { config } = await readCloudflare<{ config?: { ingress?: IngressRule[] } | null }>(
    `/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`,
    api,
  );
  return config?.ingress ?? [];
}

/**
 * Looks at the ingress of the stack's tunnel, when it exists already. A public hostname there would lead to the Pi past
 * Access and Worker, and one click in the dashboard adds it; so each up looks, before it does anything else.
 *
 * @param tunnelName the name the stack's tunnel has in the account
 * @throws Refusal naming each stray hostname
 */
export async function refusePublicHostnames(accountId: string, tunnelName: string): Promise<void> {
  const path = `/accounts/${accountId}/cfd_tunnel`;
  const tunnels = await readCloudflare<{ id: string }[]>(
    `${path}?name=${encodeURIComponent(tunnelName)}&is_deleted=false`,
  );
  for (const { id } of tunnels) {
    // The last rule of every ingress catches the rest; all that it may do here is answer with a status.
    const stray = (await ingressOf(accountId, id)).filter(
      (rule) => rule.hostname || !rule.service?.startsWith("http_status:"),
    );
    if (stray.length > 0) throw explain(tunnelName, stray);
  }
}

const explain = (tunnelName: string, stray: readonly IngressRule[]): Refusal =>
  new Refusal(
    "TUNNEL_PUBLISHED",
    `the tunnel ${tunnelName} has public hostnames, which lead to the Pi past Access and the Worker:`,
    ...stray.map(inWords),
    "Remove them (Cloudflare dashboard, Networks, Tunnels, this tunnel, Published application routes), then run npx pulumi up again.",
  );

export const inWords = ({ hostname, service }: IngressRule): string =>
  `${hostname ?? "every hostname"} -> ${service}`;
