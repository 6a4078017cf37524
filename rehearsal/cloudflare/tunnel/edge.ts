import type { Socket } from "node:net";

/** One of the (normally four) registered connections of a connector. */
export interface Connection {
  readonly id: string;
  readonly location: string;
  readonly openedAt: string;
  readonly originIp: string;
}

/** A running cloudflared that signed in for a tunnel. */
export interface Connector {
  readonly id: string;
  readonly version: string;
  readonly arch: string;
  readonly runAt: string;
  readonly connections: readonly Connection[];
}

/** How a tunnel is, by the names of the API. */
export type TunnelStatus = "inactive" | "degraded" | "healthy" | "down";

/** Why a VPC service could not be reached, by the names of RFC 9209, section 2.3, as Workers VPC uses them. */
export type ProxyErrorCode =
  | "connection_refused"
  | "connection_terminated"
  | "connection_timeout"
  | "destination_unavailable"
  | "dns_error";

/**
 * A failed way to a VPC service. The Worker sees its message
 * (https://developers.cloudflare.com/workers-vpc/reference/troubleshooting/).
 */
export class ProxyError extends Error {
  readonly code: ProxyErrorCode;

  constructor(code: ProxyErrorCode) {
    super(`ProxyError: ${code}`);
    this.name = "ProxyError";
    this.code = code;
  }
}

/** The side of the tunnels that faces the rest of the local Cloudflare. */
export interface TunnelEdge {
  /** The connectors that are signed in for a tunnel now. */
  connectors(tunnelId: string): Connector[];
  /**
   * `inactive` before a connector has ever come, `down` once all are gone, `degraded` while one has lost a connection
   * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/monitor-tunnels/notifications/).
   */
  status(tunnelId: string): TunnelStatus;
  /** Ends the connections of a tunnel's connectors, or of one of them; running connectors come back. */
  disconnect(tunnelId: string, connectorId?: string): void;
  /**
   * A byte stream to an address as the connector's host sees it.
   *
   * @throws {ProxyError}
   */
  open(tunnelId: string, address: string, port: number): Promise<Socket>;
}
