import * as pulumi from "@pulumi/pulumi";
import type { PiConfig } from "./config.ts";
import { doorOf, sshTarget } from "./ssh-door.ts";

/**
 * How the steps of an abandoned Pi are declared: as they are recorded, whatever the config says now, so that nothing runs;
 * and kept when they are deleted, which a destroy then does without a connection.
 */
export const leftAlone: pulumi.CustomResourceOptions = {
  retainOnDelete: true,
  ignoreChanges: ["connection", "create", "delete", "stdin", "addPreviousOutputInEnv", "logging"],
};

/**
 * Says what stays on a Pi that this stack takes its hands off.
 *
 * @param ownConnector whether the connector there is the stack's
 */
export async function tellWhatIsLeft(config: PiConfig, stack: string, ownConnector: boolean): Promise<void> {
  await pulumi.log.warn(
    [
      `PI_ABANDONED: pi.abandoned is set: ${config.host} is left as it is, and neither up nor destroy contacts it`,
      "now npx pulumi destroy takes off all that is at Cloudflare. What stays on that machine, if it ever runs again:",
      ...(ownConnector ? connectorOf(stack) : []),
      `  in OpenClaw's openclaw.json below gateway: http.endpoints, trustedProxies, controlUi.allowedOrigins, auth; what they were is in openclaw-gateway.${stack}.json beside it`,
      `  where the config had them: the firewall (sudo nft delete table inet openclaw_gateway; sudo systemctl disable --now openclaw-gateway-firewall), the audit trail (sudo systemctl disable --now openclaw-gateway-audit-${stack}.timer), the gateway's own agent (openclaw agents delete web)`,
      "it runs still, and this machine only cannot reach it? then its connections keep the tunnel from being deleted: switch it off first",
      `it came back (ssh ${sshTarget(doorOf(config))})? npx pulumi config rm --path openclaw-gateway:pi.abandoned && npx pulumi up`,
    ].join("\n  "),
  );
}

function connectorOf(stack: string): string[] {
  const unit = `cloudflared-${stack}.service`;
  const folders = `/etc/openclaw-gateway/${stack} /var/lib/openclaw-gateway/${stack}`;
  return [
    `  the service ${unit}, with the tunnel's token, which is good for nothing once the tunnel is deleted: sudo systemctl disable --now ${unit}; sudo rm -rf /etc/systemd/system/${unit} ${folders}`,
    "  cloudflared, where no other stack is on that machine and /var/lib/openclaw-gateway/installed says that this project installed it: sudo apt-get purge -y cloudflared; sudo rm -rf /var/lib/apt/lists/pkg.cloudflare.com_* /etc/apt/sources.list.d/cloudflared.list /usr/share/keyrings/cloudflare-main.gpg /var/lib/openclaw-gateway",
  ];
}
