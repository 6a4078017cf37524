import type { Gateway } from "./config.ts";
import { GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import type { Identity } from "./identity/auth.ts";
import { fetchOpenClaw } from "./openclaw.ts";
import type { Route } from "./routes.ts";
import { explain } from "./trouble.ts";

/** What people or agents have put there is a picture and nothing else, whatever it holds. */
const PICTURE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/**
 * Sends a request the way of its route. Bodies are streamed both ways, and a client that leaves ends the call.
 * @param path the request's path, which the route's pattern has matched as a whole
 * @throws GatewayError JSON_REQUIRED, and those of `fetchOpenClaw` and `explain`
 */
export async function proxy(
  exchange: Exchange,
  path: string,
  route: Route,
  { gateway, identity }: { readonly gateway: Gateway; readonly identity: Identity },
): Promise<Response> {
  const { request } = exchange;
  if (route.method === "POST") requireJson(request);
  const answer = await fetchOpenClaw(gateway, {
    client: request,
    target: route.target ?? `${targetPath(path)}${version(request.url)}`,
    identity: route.withToken ? identity : undefined,
  });
  await explain(answer, route.kind === "api");
  const headers = answerHeaders(answer.headers, route.kind === "page", route.immutable ?? false);
  if (route.kind === "picture") headers.set("content-security-policy", PICTURE_POLICY);
  return new Response(answer.body, { status: answer.status, headers });
}

/** Any page may send a form or plain text across sites without being asked; JSON it may not (Fetch, CORS-safelisted). */
function requireJson({ headers }: Request): void {
  const [type] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  if (type?.trim() !== "application/json") throw new GatewayError("JSON_REQUIRED");
}

/** The router's patterns let only plain names through; an agent's id is one encoded part of a model's name. */
function targetPath(path: string): `/${string}` {
  const model = /^\/v1\/models\/(.+)$/.exec(path)?.[1];
  return model ? `/v1/models/${encodeURIComponent(model)}` : (path as `/${string}`);
}

/** `?v=` names the build that an asset belongs to; OpenClaw reads nothing else of a query here. */
function version(url: string): string {
  const value = new URL(url).searchParams.get("v");
  return value ? `?v=${encodeURIComponent(value)}` : "";
}
