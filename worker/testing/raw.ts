import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { json } from "node:stream/consumers";
import { CLIENT_ADDRESS, ORIGIN, type TestGateway } from "./gateway.ts";

/** A request that no `fetch` would send: with empty and repeated headers, and with a connection that can be cut. */
export function sendRaw(gateway: TestGateway, path: string, headers: OutgoingHttpHeaders): ClientRequest {
  const fromEdge = { "mf-original-url": `${ORIGIN}${path}`, "cf-connecting-ip": CLIENT_ADDRESS };
  return request(new URL(path, gateway.url), { headers: { ...fromEdge, ...headers } }).end();
}

/** The same with its answer. */
export async function askRaw(gateway: TestGateway, path: string, headers: OutgoingHttpHeaders) {
  const [answer] = (await once(sendRaw(gateway, path, headers), "response")) as [IncomingMessage];
  return { status: answer.statusCode, body: (await json(answer)) as { error?: { code: string } } };
}
