import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { EdgeAnswer } from "../access/passage.ts";
import { towardsClient } from "./headers.ts";
import { workerGone, workerThrew } from "./pages.ts";
import type { RunningScript } from "./runtime.ts";
import type { PrivateHeaders } from "./worker-sources.ts";

/** One request on its way to a Worker. */
export interface Forwarding {
  readonly script: RunningScript;
  readonly privateHeaders: PrivateHeaders;
  /** Names and values in turn, ready for the Worker. */
  readonly headers: readonly string[];
  /** What the edge adds to the answer. */
  readonly answerHeaders: Readonly<Record<string, string>>;
  readonly ray: string;
}

/** Answers in the edge's own name. */
export function sendAnswer(response: ServerResponse, answer: EdgeAnswer, ray: string): void {
  response.writeHead(answer.status, { ...answer.headers, server: "cloudflare", "cf-ray": ray });
  response.end(answer.body);
}

/** Streams a request to the Worker and its answer back, each chunk as it comes; a client that leaves aborts it. */
export function forwardRequest(incoming: IncomingMessage, response: ServerResponse, way: Forwarding): void {
  const leave = way.script.enter();
  const upstream = startUpstream(incoming, way, bodyHeaders(incoming));
  upstream.on("response", (answer) => {
    if (answer.headers[way.privateHeaders.exception]) {
      answer.resume();
      sendAnswer(response, workerThrew, way.ray);
      return;
    }
    const headers = towardsClient(answer.rawHeaders, way.ray, way.answerHeaders, [
      way.privateHeaders.exception,
    ]);
    response.writeHead(answer.statusCode ?? 502, headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
    answer.on("aborted", () => response.destroy());
  });
  upstream.on("error", () => {
    if (response.headersSent) response.destroy();
    else sendAnswer(response, workerGone, way.ray);
  });
  response.on("close", () => {
    if (!response.writableFinished) abort(upstream);
    leave();
  });
  incoming.pipe(upstream);
}

/** Carries a WebSocket handshake to the Worker, and from its 101 on the bytes of both sides. */
export function forwardUpgrade(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  way: Forwarding,
): void {
  const leave = way.script.enter();
  const upstream = startUpstream(incoming, way, [
    "Connection",
    "Upgrade",
    "Upgrade",
    incoming.headers.upgrade ?? "",
  ]);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    upstream.destroy();
    leave();
  });
  upstream.on("upgrade", (answer, workerSocket: Duplex, workerHead: Buffer) => {
    const headers = towardsClient(answer.rawHeaders, way.ray, way.answerHeaders);
    socket.write(
      statusLine(answer) + headerLines([...headers, "Connection", "Upgrade", "Upgrade", "websocket"]),
    );
    if (workerHead.length > 0) socket.write(workerHead);
    if (head.length > 0) workerSocket.write(head);
    workerSocket.on("error", () => socket.destroy());
    workerSocket.on("close", () => socket.destroy());
    socket.on("close", () => workerSocket.destroy());
    socket.pipe(workerSocket);
    workerSocket.pipe(socket);
  });
  upstream.on("response", (answer) => {
    if (answer.headers[way.privateHeaders.exception]) {
      answer.resume();
      refuseUpgrade(socket, workerThrew, way.ray);
      return;
    }
    // Not switched: the answer is passed on and the connection ended, so that nothing can follow on it unseen.
    const headers = towardsClient(answer.rawHeaders, way.ray, way.answerHeaders);
    socket.write(
      statusLine(answer) + headerLines([...headers.filter(notLength(headers)), "Connection", "close"]),
    );
    answer.pipe(socket);
  });
  upstream.on("error", () => refuseUpgrade(socket, workerGone, way.ray));
  upstream.end();
}

/** Answers a handshake in the edge's own name and ends its connection. */
export function refuseUpgrade(socket: Duplex, answer: EdgeAnswer, ray: string): void {
  if (!socket.writable) return;
  const headers = [
    ...Object.entries(answer.headers).flatMap(([name, value]) =>
      [value].flat().flatMap((one) => [name, one]),
    ),
    "Server",
    "cloudflare",
    "CF-Ray",
    ray,
    "Connection",
    "close",
  ];
  socket.end(`HTTP/1.1 ${answer.status} \r\n${headerLines(headers)}${answer.body}`);
}

/**
 * Gives a request up by a reset: after a mere FIN workerd goes on until it next writes, and the Worker's own
 * `request.signal` would hear of it that late.
 */
function abort(upstream: ClientRequest): void {
  if (upstream.socket?.connecting === false) upstream.socket.resetAndDestroy();
  upstream.destroy();
}

function startUpstream(incoming: IncomingMessage, way: Forwarding, extra: readonly string[]): ClientRequest {
  const url = `https://${incoming.headers.host}${incoming.url}`;
  return request({
    ...way.script.address,
    method: incoming.method,
    path: "/",
    headers: [...way.headers, way.privateHeaders.url, url, ...extra],
    agent: false,
  });
}

/** How the body is framed: chunked if the client said so, else by its length, else there is none. */
const bodyHeaders = (incoming: IncomingMessage): string[] =>
  incoming.headers["transfer-encoding"] === undefined ? [] : ["Transfer-Encoding", "chunked"];

const statusLine = (answer: IncomingMessage): string =>
  `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;

function headerLines(headers: readonly string[]): string {
  let lines = "";
  for (let i = 0; i + 1 < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${lines}\r\n`;
}

/** Drops a Content-Length pair: the end of the connection is the end of this answer. */
const notLength =
  (headers: readonly string[]) =>
  (_: string, index: number): boolean =>
    headers[index - (index % 2)]?.toLowerCase() !== "content-length";
