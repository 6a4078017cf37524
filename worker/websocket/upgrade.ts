import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange, Found as Whole } from "../exchange.ts";
import type { Identity } from "../identity/auth.ts";
import { openSocket } from "../limits/usage.ts";
import { auditSocket } from "../log/audit.ts";
import { tellRefusal } from "../log/security.ts";
import { whereOf } from "../log/where.ts";
import { fetchOpenClaw } from "../openclaw.ts";
import { join, type Life } from "./bridge.ts";
import { FAREWELLS } from "./close.ts";
import { filterFor } from "./filter.ts";
import { greetingFor } from "./hello.ts";

/** What the request has been found to be. */
type Found = Pick<Whole, "gateway" | "identity">;

/** Whether a request asks for a WebSocket (RFC 6455, 4.1). */
export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/**
 * Opens the Control UI's WebSocket to OpenClaw and joins the two. OpenClaw accepts every upgrade and asks for its
 * token in the first message, so no credentials of the gateway go along: the browser brings its own.
 * @throws GatewayError WEBSOCKET_ORIGIN_REFUSED, ACCESS_TOKEN_EXPIRED, OPENCLAW_UNEXPECTED, and those of `openSocket`
 *   and `fetchOpenClaw`
 */
export async function bridge(exchange: Exchange, { gateway, identity }: Found): Promise<Response> {
  const { request, context } = exchange;
  const { origin } = new URL(request.url);
  // A browser sends the cookie of a signed-in person from any page: only the Origin tells (RFC 6455, 10.2).
  if (request.headers.get("origin") !== origin) throw new GatewayError("WEBSOCKET_ORIGIN_REFUSED");
  const life = lifeOf(identity, gateway);
  const countOut = await openSocket(identity, gateway, context);
  try {
    const upstream = await openUpstream(exchange, origin, { gateway, identity });
    const greeting = await greetingFor(identity, gateway); // before the two are joined: nothing may be missed
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    join(server, upstream, {
      ...life,
      filter: filterFor(identity, gateway),
      greeting,
      refused: tellOnce(exchange),
      ended: (closeCode) => {
        countOut();
        auditSocket(exchange, closeCode);
      },
    });
    return new Response(null, { status: 101, webSocket: client });
  } catch (error) {
    countOut();
    throw error;
  }
}

/** Tells of the first request of a socket that is beyond its role; a page may repeat one every few seconds. */
function tellOnce(exchange: Exchange): () => void {
  let told = false;
  return () => {
    if (told) return;
    told = true;
    tellRefusal(exchange, whereOf(exchange), new GatewayError("ROLE_REFUSED"));
  };
}

/** An open socket is not asked again who it is, and Access does not cut it: so it ends with the sign-in, or before. */
function lifeOf({ expiresAt }: Identity, { sockets }: Gateway): Life {
  const signedInMs = expiresAt - Date.now();
  if (signedInMs <= 0) throw new GatewayError("ACCESS_TOKEN_EXPIRED");
  const maxMs = sockets.maxSeconds * 1000;
  return signedInMs <= maxMs
    ? { ms: signedInMs, farewell: FAREWELLS.signInExpired }
    : { ms: maxMs, farewell: FAREWELLS.lifeOver };
}

async function openUpstream(
  exchange: Exchange,
  origin: string,
  { gateway, identity }: Found,
): Promise<WebSocket> {
  const answer = await fetchOpenClaw(gateway, {
    exchange,
    target: "/",
    // Its scopes narrow what the device gets: those that the page asks for are signed, and stay as they are.
    identity: gateway.signIn.mode === "access" ? identity : undefined,
    headers: { upgrade: "websocket", origin },
  });
  if (answer.webSocket) return answer.webSocket;
  await answer.body?.cancel();
  throw new GatewayError("OPENCLAW_UNEXPECTED");
}
