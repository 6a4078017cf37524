import type { Account } from "./account.ts";
import type { Internet } from "./edge/user-worker.ts";
import type { TunnelStatus } from "./tunnel/edge.ts";

/** Sends Cloudflare's own notifications to the webhooks of the account's policies; mails go nowhere here. */
export interface Notifications {
  /** A tunnel has become something else than it was. */
  tunnelHealth(tunnel: { readonly id: string; readonly name: string }, status: TunnelStatus): void;
}

/**
 * A policy sends when its filters fit: each of them that is there, and the values as the dashboard makes them
 * (`TUNNEL_STATUS_TYPE_DOWN`). Names of the tunnels' API, such as `down`, are taken and never fit. The body is that of a
 * generic webhook (https://developers.cloudflare.com/notifications/get-started/configure-webhooks/).
 */
export function createNotifications(account: Account, internet: Internet | undefined): Notifications {
  const send = async (webhookId: string, body: object) => {
    const { url, secret } = account.webhooks.get(webhookId)?.sent ?? {};
    if (typeof url !== "string" || !internet) return;
    const auth = typeof secret === "string" ? { "cf-webhook-auth": secret } : undefined;
    const headers = { "content-type": "application/json", ...auth };
    await internet(new Request(url, { method: "POST", headers, body: JSON.stringify(body) })).catch(() => {});
  };
  return {
    tunnelHealth: ({ id, name }, status) => {
      const newStatus = `TUNNEL_STATUS_TYPE_${status.toUpperCase()}`;
      const facts: Readonly<Record<string, string>> = {
        new_status: newStatus,
        tunnel_id: id,
        tunnel_name: name,
      };
      for (const { sent } of account.alertPolicies.list()) {
        const { alert_type, enabled, filters, mechanisms, name: policy } = sent;
        if (alert_type !== "tunnel_health_event" || enabled !== true) continue;
        const wanted = Object.entries((filters ?? {}) as Record<string, string[] | null>);
        if (!wanted.every(([key, values]) => !values || values.includes(facts[key] ?? ""))) continue;
        const body = {
          name: policy,
          text: `Tunnel ${name} changed its status to ${newStatus}`,
          data: { tunnel_id: id, tunnel_name: name, new_status: newStatus },
          ts: Math.floor(account.now() / 1000),
          account_id: account.id,
          alert_type,
        };
        for (const hook of (mechanisms as { webhooks?: { id: string }[] }).webhooks ?? [])
          void send(hook.id, body);
      }
    },
  };
}
