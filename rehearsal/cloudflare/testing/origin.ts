import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** What stands for OpenClaw: an HTTP server on loopback that tells what it was asked. */
export interface TestOrigin {
  readonly port: number;
  /** Emits "aborted" when a client leaves a stream, and takes "next" to send its next event. */
  readonly events: EventEmitter;
  close(): Promise<void>;
}

/** `/echo` answers what it got, `/stream` sends one server-sent event at a time, `/slow` waits; WebSockets echo. */
export async function startOrigin(): Promise<TestOrigin> {
  const events = new EventEmitter();
  const server = createServer((request, response) => {
    if (request.url === "/stream") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 0\n\n");
      let sent = 0;
      const next = () => response.write(`data: ${++sent}\n\n`);
      events.on("next", next);
      response.on("close", () => {
        events.off("next", next);
        events.emit("aborted");
      });
      return;
    }
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { method, url, headers } = request;
      const body = Buffer.concat(parts);
      response.end(
        JSON.stringify({
          method,
          url,
          headers,
          peer: request.socket.remoteAddress,
          bytes: body.length,
          body: body.length < 1000 ? body.toString() : "",
        }),
      );
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    events,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
