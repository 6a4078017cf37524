import { type ClientRequest, request } from "node:http";
import { CLIENT_ADDRESS, ORIGIN, type TestGateway } from "./gateway.ts";

/**
 * A POST over a connection of its own, so that it can be cut, or sent piece by piece.
 * @param headers more of them, or others
 */
export async function openPost(
  gateway: TestGateway,
  { path = "/v1/chat/completions", token, ...headers }: Record<string, string> = {},
): Promise<ClientRequest> {
  return request(new URL(path, gateway.url), {
    method: "POST",
    agent: false, // a connection that was kept alive may be closed just as it is used again
    headers: {
      "mf-original-url": `${ORIGIN}${path}`,
      "cf-connecting-ip": CLIENT_ADDRESS,
      "cf-access-jwt-assertion": token ?? (await gateway.team.person()),
      "content-type": "application/json",
      "accept-encoding": "identity",
      ...headers,
    },
  });
}

/** Cuts the connection as the edge does: workerd notices a reset at once, a mere FIN only when it writes again. */
export function leave(client: ClientRequest): void {
  client.on("error", () => undefined);
  client.socket?.resetAndDestroy();
}
