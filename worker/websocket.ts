import type { Gateway } from "./config.ts";
import { GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Identity } from "./identity/auth.ts";
import { fetchOpenClaw } from "./openclaw.ts";

/** RFC 6455, 5.5: a control frame holds 125 bytes, 2 of them the code. */
const MAX_REASON_BYTES = 123;

/** Whether a request asks for a WebSocket (RFC 6455, 4.1). */
export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/**
 * Opens the Control UI's WebSocket to OpenClaw and joins the two. OpenClaw accepts every upgrade and asks for its
 * token in the first message, so no credentials of the gateway go along: the browser brings its own.
 * @throws GatewayError WEBSOCKET_ORIGIN_REFUSED, OPENCLAW_UNEXPECTED, and those of `fetchOpenClaw`
 */
export async function bridge(
  { request }: Exchange,
  { gateway, identity }: { readonly gateway: Gateway; readonly identity: Identity },
): Promise<Response> {
  const { origin } = new URL(request.url);
  // A browser sends the cookie of a signed-in person from any page: only the Origin tells (RFC 6455, 10.2).
  if (request.headers.get("origin") !== origin) throw new GatewayError("WEBSOCKET_ORIGIN_REFUSED");
  const answer = await fetchOpenClaw(gateway, {
    client: request,
    target: "/",
    identity: gateway.signIn.mode === "access" ? identity : undefined,
    headers: { upgrade: "websocket", origin },
  });
  const upstream = answer.webSocket;
  if (!upstream) {
    await answer.body?.cancel();
    throw new GatewayError("OPENCLAW_UNEXPECTED");
  }
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  join(server, upstream);
  return new Response(null, { status: 101, webSocket: client });
}

function join(a: WebSocket, b: WebSocket): void {
  forward(a, b);
  forward(b, a);
  for (const socket of [a, b]) {
    socket.binaryType = "arraybuffer";
    // Half open, or the runtime would answer a Close itself, without the code and reason of the other side.
    socket.accept({ allowHalfOpen: true });
  }
}

function forward(from: WebSocket, to: WebSocket): void {
  from.addEventListener("message", ({ data }) => send(to, data));
  from.addEventListener("close", ({ code, reason }) => close(to, code, reason));
  from.addEventListener("error", () => close(to, 1011, "connection lost"));
}

function send(socket: WebSocket, data: string | ArrayBuffer): void {
  try {
    socket.send(data);
  } catch {
    // Closed meanwhile: the close that is on its way tells the sender.
  }
}

function close(socket: WebSocket, code: number, reason: string): void {
  try {
    // 1005 and 1006 say that no Close came, and may not be sent themselves (RFC 6455, 7.4.1).
    if (code === 1005) socket.close();
    else if (code === 1006) socket.close(1011, "connection lost");
    else socket.close(code, cut(reason));
  } catch {
    // Closed already, by its own side.
  }
}

/** Cuts a text to what a Close frame can hold, between characters. */
function cut(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}
