import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { VpcHost, VpcService } from "../account.ts";
import { ProxyError, type TunnelEdge } from "./edge.ts";

/** A local socket that leads to a VPC service, for the Worker runtime to speak HTTP on. */
export interface VpcSocket {
  close(): Promise<void>;
}

/**
 * Serves a VPC service on a UNIX socket: each connection is one stream through the tunnel, raw bytes both ways, since
 * cloudflared adds no headers to VPC traffic.
 *
 * @param service looked up anew for each connection, so that an update of the service counts at once
 * @param errorHeader when the stream cannot be opened the answer is a 502 with the reason in this header, a name that
 *   no origin can know
 */
export async function openVpcSocket(
  path: string,
  service: () => VpcService | undefined,
  edge: TunnelEdge,
  errorHeader: string,
): Promise<VpcSocket> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    openStream(service(), edge).then(
      (stream) => join(socket, stream),
      (error: unknown) =>
        refuse(
          socket,
          errorHeader,
          error instanceof ProxyError ? error : new ProxyError("destination_unavailable"),
        ),
    );
  });
  server.listen(path);
  await once(server, "listening");
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function openStream(service: VpcService | undefined, edge: TunnelEdge): Promise<Socket> {
  if (!service) throw new ProxyError("destination_unavailable");
  return edge.open(service.host.tunnelId, addressOf(service.host), service.port);
}

/**
 * A hostname is asked of the resolver of the connector's network and never of its hosts file. The rehearsal's street
 * has no resolver, so there is no such name.
 */
function addressOf(host: VpcHost): string {
  const address = host.ipv4 ?? host.ipv6;
  if (address === undefined) throw new ProxyError("dns_error");
  return address;
}

/**
 * Pipes both ways; each side's end is passed on to the other. A Worker that leaves before the origin is done resets
 * the stream, so that the origin hears of it even when it is not reading.
 */
function join(socket: Socket, stream: Socket): void {
  if (socket.destroyed) {
    stream.resetAndDestroy();
    return;
  }
  socket.on("close", () => {
    if (stream.readableEnded) stream.destroySoon();
    else stream.resetAndDestroy();
  });
  stream.on("close", () => socket.destroySoon());
  socket.pipe(stream);
  stream.pipe(socket);
}

function refuse(socket: Socket, errorHeader: string, error: ProxyError): void {
  socket.resume(); // the request is read to its end, or a reset could overtake the answer
  socket.end(
    `HTTP/1.1 502 Bad Gateway\r\n${errorHeader}: ${error.code}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
}
