import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { CLIENT_ADDRESS, ORIGIN, type TestGateway } from "./gateway.ts";

type Headers = Record<string, string | undefined>;

/** A WebSocket of a browser, as the edge hands it over; `undefined` takes a header away. */
export async function connect(gateway: TestGateway, headers: Headers = {}, path = "/"): Promise<WebSocket> {
  const url = new URL(path, gateway.url);
  url.protocol = "ws:";
  const sent = {
    "cf-connecting-ip": CLIENT_ADDRESS,
    "cf-access-jwt-assertion": await gateway.team.person(),
    // The address that the browser sees: Miniflare takes it from this header.
    "mf-original-url": `${ORIGIN}${path}`,
    origin: ORIGIN,
    ...headers,
  };
  const defined = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined));
  return new WebSocket(url, { headers: defined as Record<string, string>, maxPayload: 64 * 1024 * 1024 });
}

/** Both ends of a bridge: the browser's, and OpenClaw's with the request that opened it. */
export async function bridged(gateway: TestGateway, headers: Headers = {}) {
  const socket = once(gateway.openclaw.events, "socket") as Promise<[WebSocket, IncomingMessage]>;
  const client = await connect(gateway, headers);
  const [[upstream, request]] = await Promise.all([socket, once(client, "open")]);
  return { client, upstream, request };
}

/** Code and reason with which a socket ends. */
export async function closing(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, reason.toString()];
}

/** Status and error code of an upgrade that is refused. */
export async function refusal(gateway: TestGateway, headers: Headers, path = "/"): Promise<[number, string]> {
  const client = await connect(gateway, headers, path);
  const [, answer] = (await once(client, "unexpected-response")) as [unknown, IncomingMessage];
  let body = "";
  for await (const chunk of answer) body += chunk;
  return [answer.statusCode ?? 0, JSON.parse(body).error.code];
}
