import { randomUUID } from "node:crypto";
import type { Account, Kept, ServiceToken } from "./account.ts";
import type { Internet } from "./edge/user-worker.ts";
import type { TunnelStatus } from "./tunnel/edge.ts";

/** Sends Cloudflare's own notifications to the webhooks of the account's policies; mails go nowhere here. */
export interface Notifications {
  /** A tunnel has become something else than it was. */
  tunnelHealth(tunnel: { readonly id: string; readonly name: string }, status: TunnelStatus): void;
  /** Tells of each service token that ends within a week, once: what Cloudflare does day by day. */
  expiringTokens(): Promise<void>;
  /** The test message that a new or changed webhook is sent. @returns whether it was taken */
  test(url: string, secret: string | undefined): Promise<boolean>;
}

/** https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/ */
const weekMs = 7 * 24 * 3_600_000;
/** A guess. */
const answerTimeoutMs = 10_000;

/**
 * A policy sends when its filters fit: each of them that is there, and the values as the dashboard makes them
 * (`TUNNEL_STATUS_TYPE_DOWN`). Names of the tunnels' API, such as `down`, are taken and never fit. The body is that of a
 * generic webhook (https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/).
 */
export function createNotifications(account: Account, internet: Internet | undefined): Notifications {
  const told = new Set<string>();
  const post = async (url: string, secret: unknown, body: object): Promise<boolean> => {
    if (!internet) return false;
    const auth = typeof secret === "string" ? { "cf-webhook-auth": secret } : undefined;
    const headers = { "content-type": "application/json", ...auth };
    const signal = AbortSignal.timeout(answerTimeoutMs);
    try {
      return (
        await internet(new Request(url, { method: "POST", headers, body: JSON.stringify(body), signal }))
      ).ok;
    } catch {
      return false;
    }
  };
  const send = async (alertType: string, text: string, data: object, facts: Facts = {}) => {
    const policies = account.alertPolicies.list().filter(({ sent }) => fits(sent, alertType, facts));
    const sent = policies.flatMap((policy) =>
      webhooksOf(policy).map(async (id) => {
        const { url, secret } = account.webhooks.get(id)?.sent ?? {};
        const body = {
          name: policy.name,
          text,
          data,
          ts: Math.floor(account.now() / 1000),
          account_id: account.id,
          policy_id: policy.id,
          policy_name: policy.name,
          alert_type: alertType,
          alert_correlation_id: randomUUID(),
          alert_event: "ALERT_STATE_EVENT_START",
        };
        if (typeof url === "string") await post(url, secret, body);
      }),
    );
    await Promise.all(sent);
  };
  return {
    tunnelHealth: ({ id, name }, status) => {
      const newStatus = `TUNNEL_STATUS_TYPE_${status.toUpperCase()}`;
      const facts = { new_status: newStatus, tunnel_id: id, tunnel_name: name };
      void send("tunnel_health_event", `Tunnel ${name} changed its status to ${newStatus}`, facts, facts);
    },
    expiringTokens: async () => {
      const due = account.serviceTokens
        .list()
        .filter((token) => !told.has(oneEnd(token)) && token.expiresAt - account.now() <= weekMs);
      for (const token of due) told.add(oneEnd(token));
      await Promise.all(
        due.map(({ name, id, expiresAt }) => {
          const end = new Date(expiresAt).toISOString();
          const data = { token_id: id, token_name: name, expires_at: end };
          return send("expiring_service_token_alert", `Service token ${name} expires at ${end}`, data);
        }),
      );
    },
    // The text is the documentation's.
    test: (url, secret) =>
      post(url, secret, {
        text: "Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is configured properly.",
      }),
  };
}

type Facts = Readonly<Record<string, string>>;

/** A token that was refreshed has another end, which is told of in its turn. */
const oneEnd = ({ id, expiresAt }: ServiceToken): string => `${id} ${expiresAt}`;

function fits({ alert_type, enabled, filters }: Kept["sent"], alertType: string, facts: Facts): boolean {
  const wanted = Object.entries((filters ?? {}) as Record<string, string[] | null>);
  return (
    alert_type === alertType &&
    enabled === true &&
    wanted.every(([key, values]) => !values || values.includes(facts[key] ?? ""))
  );
}

const webhooksOf = ({ sent }: Kept): string[] =>
  ((sent.mechanisms as { webhooks?: { id: string }[] }).webhooks ?? []).map(({ id }) => id);
