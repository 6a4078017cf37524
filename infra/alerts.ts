import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import type { SharedConfig } from "./config.ts";

export interface AlertsArgs {
  readonly accountId: string;
  /** Begins the names of all that is made. */
  readonly name: string;
  readonly alerts: SharedConfig["shared"]["alerts"];
  readonly tunnelIds: readonly string[];
}

interface Eligibility {
  readonly eligible?: boolean;
  readonly type?: string;
}

/**
 * Whether Cloudflare's own alarms may go to webhooks: only where the account has a zone on the Pro plan or above
 * (https://developers.cloudflare.com/notifications/get-started/configure-webhooks/).
 */
export async function mayUseWebhooks(accountId: string, api: CloudflareApi): Promise<boolean> {
  const path = `/accounts/${accountId}/alerting/v3/destinations/eligible`;
  const mechanisms = await readCloudflare<Record<string, Eligibility[]> | null>(path, api);
  return Object.values(mechanisms ?? {})
    .flat()
    .some(({ type, eligible }) => type === "webhook" && eligible === true);
}

/** Cloudflare's own alarms: a tunnel is down or degraded, a service token is about to expire. */
export class Alerts extends pulumi.ComponentResource {
  constructor(name: string, args: AlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:Alerts", name, {}, opts);
    const mechanisms = {
      emails: args.alerts.emails.map((id) => ({ id })),
      webhooks: this.createWebhooks(name, args).map(({ id }) => ({ id })),
    };
    this.createPolicy(`${name}-tunnels`, args, {
      name: `${args.name} tunnels`,
      alertType: "tunnel_health_event",
      description: "A gateway's tunnel is down or has lost connections",
      // The names of the tunnel's API ("down") are taken too and then match nothing.
      filters: {
        newStatuses: ["TUNNEL_STATUS_TYPE_DEGRADED", "TUNNEL_STATUS_TYPE_DOWN"],
        tunnelIds: [...args.tunnelIds],
      },
      mechanisms,
    });
    this.createPolicy(`${name}-tokens`, args, {
      name: `${args.name} service tokens`,
      alertType: "expiring_service_token_alert",
      description: "An Access service token of the account is about to expire",
      mechanisms,
    });
    this.registerOutputs({});
  }

  private createWebhooks(name: string, { accountId, name: base, alerts }: AlertsArgs) {
    return alerts.webhooks.map(
      (webhook) =>
        new cloudflare.NotificationPolicyWebhooks(
          `${name}-webhook-${webhook.name}`,
          {
            accountId,
            name: `${base} ${webhook.name}`,
            url: pulumi.secret(webhook.url),
            secret: pulumi.secret(webhook.secret),
          },
          { parent: this, additionalSecretOutputs: ["url", "secret"] },
        ),
    );
  }

  private createPolicy(
    name: string,
    { accountId }: AlertsArgs,
    policy: Omit<cloudflare.NotificationPolicyArgs, "accountId">,
  ) {
    return new cloudflare.NotificationPolicy(name, { accountId, enabled: true, ...policy }, { parent: this });
  }
}
