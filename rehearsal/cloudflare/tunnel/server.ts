import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { validity } from "../../ca.ts";
import type { Account } from "../account.ts";
import { timestamp } from "../identifiers.ts";
import type { Connector, ProxyErrorCode, TunnelEdge, TunnelStatus } from "./edge.ts";
import { ProxyError } from "./edge.ts";
import { readLines } from "./lines.ts";
import { checkRegistration, type Registration } from "./registration.ts";

/** Where connectors dial, by TCP and UDP (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/tunnel-with-firewall/). */
export const tunnelPort = 7844;

const timeouts = { firstLineMs: 5000, pingMs: 5000, silenceMs: 15_000, openMs: 10_000 };

interface Registered {
  readonly id: string;
  readonly registration: Registration;
  readonly socket: Socket;
  readonly openedAt: string;
  /** Set once the connector drains: it gets no new streams. */
  draining: boolean;
}

interface PendingStream {
  readonly connection: Registered;
  settle(result: Socket | ProxyErrorCode): void;
}

/** The tunnel server: TunnelEdge plus its own end. */
export interface TunnelServer extends TunnelEdge {
  close(): Promise<void>;
}

/**
 * Listens for connectors on `address:7844`.
 *
 * Connector and server speak lines over TCP, in place of QUIC:
 * `REGISTER {json}` is answered by `REGISTERED {connection} {location}` or `REFUSED {reason}`;
 * `OPEN {stream} {address} {port}` asks the connector to dial, which then either connects anew and says
 * `STREAM {stream}`, after which the bytes are raw, or says `FAILED {stream} {code}`;
 * `PING` is answered by `PONG`; `DRAIN` announces a graceful end. A UDP datagram to the same port is echoed, and
 * behind it in Unix seconds from when to when the edge's certificate is valid: with `--protocol quic` the connector
 * lives on these echoes, so a firewall that blocks UDP cuts the tunnel, and a wrong clock refuses it, as in reality.
 */
export async function startTunnelServer(
  account: Account,
  address: string,
  changed?: (tunnelId: string, status: TunnelStatus) => void,
): Promise<TunnelServer> {
  const connections = new Map<string, Registered>();
  const pending = new Map<string, PendingStream>();
  /** Tunnels that had a connector once. */
  const known = new Set<string>();
  /** How many connections each connector had at its best. */
  const most = new Map<string, number>();
  const sockets = new Set<Socket>();
  /** What each tunnel was last. The real Cloudflare waits a while before it says so; here it is said at once. */
  const last = new Map<string, TunnelStatus>();
  let closing = false;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A reset is told by "close" as well, which every user of the socket listens to.
    socket.on("error", () => socket.destroy());
    greet(socket);
  });
  server.listen(tunnelPort, address);
  const certificate = validity();
  const valid = [certificate.notBefore, certificate.notAfter].map((time) =>
    Math.floor(time.getTime() / 1000),
  );
  const hello = createSocket("udp4", (message, peer) =>
    hello.send(`${message} ${valid.join(" ")}`, peer.port, peer.address),
  );
  hello.bind(tunnelPort, address);
  await Promise.all([once(server, "listening"), once(hello, "listening")]);

  function greet(socket: Socket): void {
    const late = setTimeout(() => socket.destroy(), timeouts.firstLineMs);
    const stop = readLines(socket, (line) => {
      clearTimeout(late);
      const rest = stop();
      const [word, argument = ""] = splitWord(line);
      if (rest.length > 0) socket.unshift(rest);
      if (word === "REGISTER") register(socket, argument);
      else if (word === "STREAM" && pending.has(argument)) pending.get(argument)?.settle(socket);
      else socket.destroy();
    });
    socket.on("close", () => clearTimeout(late));
  }

  function register(socket: Socket, json: string): void {
    const registration = checkRegistration(account, json);
    if (typeof registration === "string") {
      socket.end(`REFUSED ${registration}\n`);
      return;
    }
    const connection: Registered = {
      id: randomUUID(),
      registration,
      socket,
      openedAt: timestamp(),
      draining: false,
    };
    connections.set(connection.id, connection);
    known.add(registration.tunnel);
    const own = [...connections.values()].filter(
      (one) => one.registration.connector === registration.connector,
    );
    most.set(registration.connector, Math.max(own.length, most.get(registration.connector) ?? 0));
    tell(registration.tunnel);
    socket.on("close", () => forget(connection));
    socket.on("end", () => socket.end());
    const ping = setInterval(() => socket.write("PING\n"), timeouts.pingMs);
    // Not the socket's own timeout: that one takes each PING written here for a sign of life from there.
    const silence = setTimeout(() => socket.destroy(), timeouts.silenceMs);
    socket.on("close", () => {
      clearInterval(ping);
      clearTimeout(silence);
    });
    readLines(socket, (line) => {
      silence.refresh();
      hear(connection, line);
    });
    socket.resume();
    socket.write(`REGISTERED ${connection.id} rhl0${(registration.index % 2) + 1}\n`);
  }

  function hear(connection: Registered, line: string): void {
    const [word, argument = ""] = splitWord(line);
    if (word === "DRAIN") connection.draining = true;
    if (word === "FAILED") {
      const [stream = "", code = ""] = splitWord(argument);
      const told: ProxyErrorCode[] = ["connection_refused", "connection_timeout", "dns_error"];
      pending.get(stream)?.settle(told.find((one) => one === code) ?? "destination_unavailable");
    }
  }

  function statusOf(tunnelId: string): TunnelStatus {
    const connectors = groupByConnector(tunnelId, [...connections.values()]);
    if (connectors.length === 0) return known.has(tunnelId) ? "down" : "inactive";
    return connectors.every((one) => one.connections.length === most.get(one.id)) ? "healthy" : "degraded";
  }

  function tell(tunnelId: string): void {
    const status = statusOf(tunnelId);
    if (closing || last.get(tunnelId) === status) return;
    last.set(tunnelId, status);
    changed?.(tunnelId, status);
  }

  function forget(connection: Registered): void {
    connections.delete(connection.id);
    tell(connection.registration.tunnel);
    for (const stream of pending.values())
      if (stream.connection === connection) stream.settle("connection_terminated");
  }

  function open(tunnelId: string, target: string, port: number): Promise<Socket> {
    const ready = [...connections.values()].filter(
      (one) => one.registration.tunnel === tunnelId && !one.draining && !one.socket.destroyed,
    );
    const connection = ready[Math.floor(Math.random() * ready.length)];
    if (!connection) return Promise.reject(new ProxyError("destination_unavailable"));
    // VPC traffic needs QUIC: over http2 the tunnel looks healthy and every request fails.
    if (connection.registration.protocol !== "quic") return Promise.reject(new ProxyError("dns_error"));
    const stream = randomUUID();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle("connection_timeout"), timeouts.openMs);
      const settle = (result: Socket | ProxyErrorCode) => {
        clearTimeout(late);
        pending.delete(stream);
        if (typeof result === "string") reject(new ProxyError(result));
        else resolve(result);
      };
      pending.set(stream, { connection, settle });
      connection.socket.write(`OPEN ${stream} ${target} ${port}\n`);
    });
  }

  return {
    open,
    connectors: (tunnelId) => groupByConnector(tunnelId, [...connections.values()]),
    status: statusOf,
    disconnect: (tunnelId, connectorId) => {
      for (const { registration, socket } of connections.values()) {
        if (
          registration.tunnel === tunnelId &&
          (connectorId ?? registration.connector) === registration.connector
        )
          socket.destroy();
      }
    },
    close: async () => {
      closing = true;
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => server.close(() => resolve())),
        new Promise<void>((resolve) => hello.close(() => resolve())),
      ]);
    },
  };
}

function groupByConnector(tunnelId: string, connections: readonly Registered[]): Connector[] {
  const mine = connections.filter((one) => one.registration.tunnel === tunnelId);
  return [...Map.groupBy(mine, (one) => one.registration.connector)].map(([id, own]) => {
    const { registration, openedAt } = own[0] as Registered;
    return {
      id,
      version: registration.version,
      arch: registration.arch,
      runAt: openedAt,
      connections: own.map((one) => ({
        id: one.id,
        location: `rhl0${(one.registration.index % 2) + 1}`,
        openedAt: one.openedAt,
        originIp: one.socket.remoteAddress ?? "",
      })),
    };
  });
}

/** The first word and the rest behind one space. */
function splitWord(line: string): [string, string?] {
  const space = line.indexOf(" ");
  return space < 0 ? [line] : [line.slice(0, space), line.slice(space + 1)];
}
