import { randomUUID } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import type { Hono } from "hono";
import * as z from "zod";
import type { Account, VpcHost, VpcService } from "../account.ts";
import { timestamp } from "../identifiers.ts";
import { ApiError, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";

/** All codes of this family are guesses: what the real API says is not documented. */
const invalid = 5101;
const notFoundCode = 5104;

const port = z.int().min(1).max(65535);
const network = z.strictObject({ tunnel_id: z.string() });
/** The four forms of a host, which do not mix (https://developers.cloudflare.com/workers-vpc/configuration/vpc-services/). */
const host = z.union([
  z.strictObject({ ipv4: z.string().refine(isIPv4, "not an IPv4 address"), network }),
  z.strictObject({ ipv6: z.string().refine(isIPv6, "not an IPv6 address"), network }),
  z.strictObject({
    ipv4: z.string().refine(isIPv4, "not an IPv4 address"),
    ipv6: z.string().refine(isIPv6, "not an IPv6 address"),
    network,
  }),
  z.strictObject({
    hostname: z.string().min(1),
    resolver_network: z.strictObject({ tunnel_id: z.string(), resolver_ips: z.array(z.string()).optional() }),
  }),
]);
const body = z.looseObject({
  type: z.literal("http"),
  name: z.string().min(1),
  // OpenClaw speaks plain HTTP on loopback, so this is the only port the rehearsal can lead to.
  http_port: port,
  host,
});

/** VPC services: A/connectivity/directory/services. */
export function serveVpcServices(routes: Hono, account: Account): void {
  const read = (id: string, sent: unknown, createdAt: string): VpcService => {
    const wanted = parseBody(body, sent, invalid);
    const leadsTo: VpcHost =
      "hostname" in wanted.host
        ? { hostname: wanted.host.hostname, tunnelId: wanted.host.resolver_network.tunnel_id }
        : { ...wanted.host, tunnelId: wanted.host.network.tunnel_id };
    const tunnel = account.tunnels.get(leadsTo.tunnelId);
    if (!tunnel || tunnel.deletedAt) throw new ApiError(400, invalid, `tunnel ${leadsTo.tunnelId} not found`);
    const taken = account.vpcServices.find((other) => other.name === wanted.name && other.id !== id);
    if (taken) throw new ApiError(409, 5102, "a service with this name already exists");
    const { name, http_port: httpPort } = wanted;
    return { id, name, host: leadsTo, port: httpPort, createdAt, updatedAt: timestamp(), sent: wanted };
  };
  serveFamily(routes, {
    path: "/connectivity/directory/services",
    collection: account.vpcServices,
    notFoundCode,
    limit: {
      most: account.limits.vpcServices,
      // A guess: its code and words are not documented.
      refusal: new ApiError(400, invalid, "the account has as many services as it may have"),
    },
    create: (sent) => read(randomUUID(), sent, timestamp()),
    update: (before, sent) => read(before.id, sent, before.createdAt),
    show: (service) => ({
      ...service.sent,
      service_id: service.id,
      created_at: service.createdAt,
      updated_at: service.updatedAt,
    }),
    refuseDelete: (service) => {
      const user = account.scripts.find((script) => script.bindings.some((b) => b.service_id === service.id));
      if (user) throw new ApiError(409, 5103, `service is bound by the Worker ${user.id}`);
    },
  });
}
