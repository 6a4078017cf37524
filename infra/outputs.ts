import * as pulumi from "@pulumi/pulumi";
import type { Access } from "./access.ts";
import type { GatewayConfig } from "./config.ts";
import type { Pi } from "./pi.ts";
import type { Tunnel } from "./tunnel.ts";

/** What `pulumi stack output` shows; secrets only with `--show-secrets`. */
export function gatewayOutputs({
  hostnames: [hostname, ...others],
  tunnel,
  access,
  pi,
  tunnelReused,
  programs,
}: {
  hostnames: readonly [string, ...string[]];
  tunnel: Tunnel;
  access: Access;
  pi: Pi;
  tunnelReused: boolean;
  programs: GatewayConfig["serviceTokens"];
}) {
  const url = `https://${hostname}`;
  return {
    url,
    chatUrl: `${url}/chat.html`,
    /** What an OpenAI SDK takes as its base URL. */
    apiBaseUrl: `${url}/v1`,
    /** Where it answers too. */
    ...(others.length > 0 && { alsoUrls: others.map((other) => `https://${other}`) }),
    audience: access.audience,
    tunnelId: tunnel.tunnelId,
    /** Whether the tunnel was there before and stays after. */
    tunnelReused,
    /** By name: clientId and clientSecret, for the two headers of the curl line. */
    serviceTokens: pulumi.secret(access.serviceTokens),
    /** What each service token is for, and what it opens. */
    programs: Object.fromEntries(
      programs.map(({ name, role, duration, purpose }) => [
        name,
        { role, duration, ...(purpose && { purpose }) },
      ]),
    ),
    pi: { openclaw: pi.openclawVersion, cloudflared: pi.cloudflaredVersion, found: pi.openclawFound },
    // The secret comes from the environment by a shell builtin: in curl's own arguments anyone could read it.
    curl: [
      String.raw`printf 'CF-Access-Client-Id: %s\nCF-Access-Client-Secret: %s\n' "$CF_ACCESS_CLIENT_ID" "$CF_ACCESS_CLIENT_SECRET" |`,
      `curl ${url}/v1/chat/completions -H @- -H 'Content-Type: application/json'`,
      `-d '{"model":"openclaw","messages":[{"role":"user","content":"Hello"}]}'`,
    ].join(" "),
  };
}
