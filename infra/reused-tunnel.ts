import * as pulumi from "@pulumi/pulumi";
import { connected, type ListedConnector } from "../contract/connectors.ts";
import { type CloudflareApi, CloudflareApiError, listCloudflare, readCloudflare } from "./cloudflare-api.ts";
import { isOlder } from "./config-pi.ts";
import { type IngressRule, ingressOf, inWords } from "./ingress.ts";
import { Refusal } from "./refusal.ts";
import { type Named, thoseThereAre } from "./those-there-are.ts";

/** A tunnel that somebody made, and OpenClaw's port on the machine it leads to. */
export interface ReusedTunnel {
  readonly accountId: string;
  readonly id: string;
  readonly port: number;
}

interface TunnelState {
  readonly name: string;
  readonly deleted_at: string | null;
  readonly status: "healthy" | "degraded" | "down" | "inactive";
  readonly config_src?: "local" | "cloudflare";
}

interface Connector extends ListedConnector {
  readonly version?: string;
}

/**
 * Looks at a tunnel that the config wants to reuse, with reads alone; its token is not among them. Its other public
 * hostnames are its owner's business.
 *
 * @throws Refusal when it is not there, or leads to OpenClaw past Access and the Worker
 */
export async function lookAtReusedTunnel(tunnel: ReusedTunnel, api: CloudflareApi): Promise<void> {
  const { accountId, id, port } = tunnel;
  const path = `/accounts/${accountId}/cfd_tunnel/${id}`;
  const state = await readCloudflare<TunnelState>(path, api).catch((error: Error) => {
    if (error instanceof CloudflareApiError && error.status === 404) return undefined;
    throw error;
  });
  if (!state || state.deleted_at) {
    const all = await listCloudflare<Named>(`/accounts/${accountId}/cfd_tunnel?is_deleted=false`, api);
    throw notFound(tunnel, all, state?.deleted_at);
  }
  const [connectors, ingress] = await Promise.all([
    readCloudflare<Connector[]>(`${path}/connections`, api),
    state.config_src === "local" ? [] : ingressOf(accountId, id, api),
  ]);
  const leading = ingress.filter((rule) => leadsTo(port, rule));
  if (leading.length > 0) throw leadsToOpenClaw(state.name, port, leading);
  for (const words of doubts(state, connectors, port)) await pulumi.log.warn(words);
}

/**
 * Whether a rule leads to a port, on whatever host: the connector's own machine has many names. Bastion and SOCKS lead
 * wherever the client asks (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/,
 * "Origin parameters" and "Protocols").
 */
export function leadsTo(port: number, { service = "", originRequest = {} }: IngressRule): boolean {
  if (originRequest.bastionMode || originRequest.proxyType === "socks") return true;
  if (["bastion", "socks-proxy"].includes(service)) return true;
  const scheme = /^([a-z]+):\/\//.exec(service)?.[1] ?? "";
  // As http, whose URLs leave out their default port alone.
  const url = scheme && URL.parse(service.replace(/^[a-z]+/, "http"));
  if (!url) return false;
  return Number(url.port || defaultPorts[scheme] || 80) === port;
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ssh: 22, rdp: 3389, smb: 445 };

/** What may be wrong with it, and need not be. */
export function doubts(state: TunnelState, connectors: readonly Connector[], port: number): string[] {
  const old = connectors.flatMap(({ version = "" }) =>
    /^\d+\.\d+\.\d+/.test(version) && isOlder(version, [2025, 7, 0]) ? [version] : [],
  );
  const several = connected(connectors).length;
  return [
    ...(state.status === "healthy"
      ? []
      : [
          `TUNNEL_UNHEALTHY: the tunnel ${state.name}, which is reused, is ${state.status}: until its connector runs on the Pi, every request ends in TUNNEL_DOWN`,
        ]),
    ...(several > 1
      ? [
          `TUNNEL_REPLICAS: the tunnel ${state.name}, which is reused, has ${several} connectors: requests go through any of them, to port ${port} of its machine. Are all of them on the Pi?`,
        ]
      : []),
    ...old.map(
      (version) =>
        `CLOUDFLARED_TOO_OLD: a connector of the tunnel ${state.name} is cloudflared ${version}; Workers VPC needs 2025.7.0 or later`,
    ),
    ...(state.config_src === "local"
      ? [
          `TUNNEL_INGRESS_UNSEEN: the tunnel ${state.name} is configured by a file on its machine: see there that no rule of its ingress leads to port ${port}`,
        ]
      : []),
  ];
}

const notFound = (
  { accountId, id }: ReusedTunnel,
  all: readonly Named[],
  deletedAt?: string | null,
): Refusal =>
  new Refusal(
    "TUNNEL_NOT_FOUND",
    deletedAt
      ? `the tunnel ${id}, which tunnel.id names, was deleted at ${deletedAt}`
      : `the account ${accountId} has no tunnel ${id}, which tunnel.id names`,
    thoseThereAre(all),
    "take the id of one (dashboard, Networks, Tunnels): npx pulumi config set --path tunnel.id ID",
    "or let the stack make its own: npx pulumi config rm tunnel",
  );

const leadsToOpenClaw = (name: string, port: number, rules: readonly IngressRule[]): Refusal =>
  new Refusal(
    "TUNNEL_LEADS_TO_OPENCLAW",
    `the tunnel ${name} leads to port ${port}, OpenClaw's, past Access and the Worker:`,
    ...rules.map(inWords),
    "remove that (Cloudflare dashboard, Networks, Tunnels, this tunnel, Published application routes), then run npx pulumi up again; its other hostnames may stay",
  );
