import { randomBytes, randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import type { Account, Tunnel } from "../account.ts";
import { timestamp } from "../identifiers.ts";
import type { Connector, TunnelEdge } from "../tunnel/edge.ts";
import { ApiError, answer, answerList, parseBody } from "./envelope.ts";

/** Codes of the tunnel API: 1013 name taken, 1022 still in use, 1003 unknown. */
const codes = { invalid: 1001, unknown: 1003, nameTaken: 1013, inUse: 1022 };

const creation = z.looseObject({
  name: z.string().min(1),
  config_src: z.enum(["local", "cloudflare"]).optional(),
  tunnel_secret: z.base64().optional(),
});
const change = creation.partial();
const configuration = z.looseObject({
  config: z.looseObject({
    ingress: z.array(z.looseObject({ hostname: z.string().optional(), service: z.string() })).optional(),
  }),
});

/**
 * Tunnels, their token, remote configuration and connections
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/).
 */
export function serveTunnels(routes: Hono, account: Account, edge: TunnelEdge): void {
  const { tunnels } = account;
  const one = (id: string): Tunnel => {
    const tunnel = tunnels.get(id);
    if (!tunnel) throw new ApiError(404, codes.unknown, "Tunnel not found");
    return tunnel;
  };
  const live = (id: string): Tunnel => {
    const tunnel = one(id);
    if (tunnel.deletedAt) throw new ApiError(404, codes.unknown, "Tunnel not found");
    return tunnel;
  };
  const show = (tunnel: Tunnel) => showTunnel(account, tunnel, edge);
  const refuseTaken = (name: string, except?: string) => {
    const taken = tunnels.find((other) => other.name === name && !other.deletedAt && other.id !== except);
    if (taken) throw new ApiError(409, codes.nameTaken, "You already have a tunnel with this name.");
  };

  routes.get("/cfd_tunnel", (c) => {
    const { name, is_deleted: deleted } = c.req.query();
    const wanted = tunnels
      .list()
      .filter((tunnel) => name === undefined || tunnel.name === name)
      .filter((tunnel) => deleted === undefined || String(tunnel.deletedAt !== null) === deleted);
    return answerList(c, wanted.map(show));
  });
  routes.post("/cfd_tunnel", async (c) => {
    const body = parseBody(creation, await c.req.json(), codes.invalid);
    // The product manages the tunnel by the API; a locally managed one has its configuration on the host.
    if (body.config_src !== "cloudflare")
      throw new ApiError(
        400,
        codes.invalid,
        "the rehearsal has remotely managed tunnels only (config_src: cloudflare)",
      );
    refuseTaken(body.name);
    // A guess: its code and words are not documented.
    if (tunnels.list().filter((other) => !other.deletedAt).length >= account.limits.tunnels)
      throw new ApiError(400, codes.invalid, "the account has as many tunnels as it may have");
    const tunnel: Tunnel = {
      id: randomUUID(),
      name: body.name,
      secret: body.tunnel_secret ?? randomBytes(32).toString("base64"),
      createdAt: timestamp(),
      deletedAt: null,
      config: null,
      configVersion: 0,
    };
    return answer(c, show(tunnels.put(tunnel)));
  });
  routes.get("/cfd_tunnel/:id", (c) => answer(c, show(one(c.req.param("id")))));
  routes.patch("/cfd_tunnel/:id", async (c) => {
    const tunnel = live(c.req.param("id"));
    const body = parseBody(change, await c.req.json(), codes.invalid);
    if (body.name) refuseTaken(body.name, tunnel.id);
    const changed = {
      ...tunnel,
      name: body.name ?? tunnel.name,
      secret: body.tunnel_secret ?? tunnel.secret,
    };
    return answer(c, show(tunnels.put(changed)));
  });
  routes.delete("/cfd_tunnel/:id", (c) => {
    const tunnel = live(c.req.param("id"));
    if (edge.connectors(tunnel.id).length > 0)
      throw new ApiError(400, codes.inUse, "Cannot delete tunnel because it has active connections");
    // Whether the real API refuses here is not documented; the stricter reading keeps the order right.
    const user = account.vpcServices.find((service) => service.host.tunnelId === tunnel.id);
    if (user) throw new ApiError(400, codes.inUse, `Cannot delete tunnel: VPC service ${user.name} uses it`);
    return answer(c, show(tunnels.put({ ...tunnel, deletedAt: timestamp() })));
  });

  routes.get("/cfd_tunnel/:id/token", (c) => {
    const tunnel = live(c.req.param("id"));
    return answer(c, encodeToken(account.id, tunnel));
  });
  routes.get("/cfd_tunnel/:id/configurations", (c) =>
    answer(c, showConfiguration(account, live(c.req.param("id")))),
  );
  routes.put("/cfd_tunnel/:id/configurations", async (c) => {
    const tunnel = live(c.req.param("id"));
    const { config } = parseBody(configuration, await c.req.json(), codes.invalid);
    if (config.ingress && (config.ingress.length === 0 || config.ingress.at(-1)?.hostname))
      throw new ApiError(400, 1056, "The last ingress rule must match all URLs");
    const changed = tunnels.put({ ...tunnel, config, configVersion: tunnel.configVersion + 1 });
    return answer(c, showConfiguration(account, changed));
  });
  routes.get("/cfd_tunnel/:id/connections", (c) =>
    answerList(c, edge.connectors(live(c.req.param("id")).id).map(showConnector)),
  );
  routes.delete("/cfd_tunnel/:id/connections", (c) => {
    edge.disconnect(live(c.req.param("id")).id, c.req.query("client_id"));
    return answer(c, {});
  });
}

/** What a connector signs in with: base64 of account, tunnel and secret. */
const encodeToken = (accountId: string, tunnel: Tunnel): string =>
  Buffer.from(JSON.stringify({ a: accountId, t: tunnel.id, s: tunnel.secret })).toString("base64");

function showTunnel(account: Account, tunnel: Tunnel, edge: TunnelEdge) {
  const connectors = edge.connectors(tunnel.id);
  return {
    id: tunnel.id,
    account_tag: account.id,
    name: tunnel.name,
    created_at: tunnel.createdAt,
    deleted_at: tunnel.deletedAt,
    conns_active_at: connectors[0]?.runAt ?? null,
    conns_inactive_at: connectors.length === 0 ? tunnel.createdAt : null,
    // Deprecated and to be empty: …/connections has them.
    connections: [],
    tun_type: "cfd_tunnel",
    metadata: {},
    status: edge.status(tunnel.id),
    remote_config: true,
    config_src: "cloudflare",
  };
}

const showConfiguration = (account: Account, tunnel: Tunnel) => ({
  account_id: account.id,
  tunnel_id: tunnel.id,
  version: tunnel.configVersion,
  config: tunnel.config,
  source: "cloudflare",
  created_at: tunnel.createdAt,
});

const showConnector = (connector: Connector) => ({
  id: connector.id,
  version: connector.version,
  arch: connector.arch,
  features: [],
  run_at: connector.runAt,
  conns: connector.connections.map((connection) => ({
    id: connection.id,
    uuid: connection.id,
    client_id: connector.id,
    client_version: connector.version,
    colo_name: connection.location,
    is_pending_reconnect: false,
    opened_at: connection.openedAt,
    origin_ip: connection.originIp,
  })),
});
