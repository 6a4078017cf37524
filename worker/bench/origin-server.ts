/** Stands where OpenClaw would, as fast as Node can: `node origin-server.ts` prints its port, and ends with its parent. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const kilobyte = JSON.stringify({ id: "openclaw", object: "model", padding: "x".repeat(985) });
const megabyte = Buffer.alloc(1024 * 1024, "x");
const event = `data: ${JSON.stringify({ choices: [{ delta: { content: "word " } }] })}\n\n`;

/** As OpenClaw does it, so that Node tells the length: after `writeHead` it would send chunks. */
function sendJson(response: ServerResponse): void {
  response.statusCode = 200;
  response.setHeader("content-type", "application/json");
  response.end(kilobyte);
}

const server = createServer((request, response) => {
  const { url } = request;
  if (url === "/assets/megabyte.js") {
    response.writeHead(200, { "content-type": "text/javascript" }).end(megabyte);
    return;
  }
  if (url !== "/v1/chat/completions") {
    sendJson(response);
    return;
  }
  const body: Buffer[] = [];
  request.on("data", (data) => body.push(data));
  request.on("end", () => {
    if (!Buffer.concat(body).includes('"stream":true')) {
      sendJson(response);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    for (let word = 0; word < 10; word++) response.write(event);
    response.end("data: [DONE]\n\n");
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) =>
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
);
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
