/**
 * A tunnel's connector as Cloudflare's API lists it
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/subresources/cloudflared/subresources/connections/).
 */
export interface ListedConnector {
  readonly id: string;
  readonly conns?: readonly ListedConnection[] | null;
}

interface ListedConnection {
  readonly origin_ip?: string;
  /** Cloudflare keeps a lost connection in the list for a while, in case it comes back. */
  readonly is_pending_reconnect?: boolean;
}

/** A connector that requests are sent to. */
export interface Connector {
  readonly connectorId: string;
  /** Where its connections come from. */
  readonly originIps: readonly string[];
}

/**
 * The connectors that are connected. After a restart the Pi's former one stays in the list until Cloudflare has given
 * its connections up: that is no second one. One whose connections are not told counts.
 */
export function connected(listed: readonly ListedConnector[] | null | undefined): Connector[] {
  return (listed ?? []).flatMap(({ id, conns }) => {
    const live = (conns ?? []).filter(({ is_pending_reconnect }) => !is_pending_reconnect);
    if (conns && live.length === 0) return [];
    return [{ connectorId: id, originIps: [...new Set(live.flatMap(({ origin_ip }) => origin_ip ?? []))] }];
  });
}
