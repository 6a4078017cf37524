import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket as WsSocket } from "ws";

/** How the stand-in answers the next requests. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What stands where OpenClaw would: notes all that reaches it, and answers as the test says. */
export interface FakeOpenClaw {
  readonly port: number;
  /** Everything that came, oldest first: requests and upgrades. */
  readonly requests: IncomingMessage[];
  /** Emits "request", "aborted" (with the request) and "socket" (with the WebSocket). */
  readonly events: EventEmitter;
  answer(handler: Handler): void;
  reset(): void;
  close(): Promise<void>;
}

export async function startFakeOpenClaw(): Promise<FakeOpenClaw> {
  const requests: IncomingMessage[] = [];
  const events = new EventEmitter();
  let handler: Handler = ok;
  const server = createServer((request, response) => {
    requests.push(request);
    response.on("close", () => {
      if (!response.writableFinished) events.emit("aborted", request);
    });
    events.emit("request", request, response);
    handler(request, response);
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  server.on("upgrade", (request, socket, head) => {
    requests.push(request);
    sockets.handleUpgrade(request, socket, head, (opened: WsSocket) =>
      events.emit("socket", opened, request),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    events,
    answer(next) {
      handler = next;
    },
    reset() {
      handler = ok;
      requests.length = 0;
      events.removeAllListeners();
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const ok: Handler = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json; charset=utf-8" });
  response.end('{"object":"list","data":[]}');
};
