import { checkModel, filterModels } from "./body/agents.ts";
import type { Exchange, Found } from "./exchange.ts";
import { answerHeaders, secured } from "./headers.ts";
import { requirePart } from "./identity/roles.ts";
import { keyNotice } from "./key-notice.ts";
import { fetchOpenClaw } from "./openclaw.ts";
import { checkPlaced } from "./placed.ts";
import type { Route } from "./routes.ts";
import { startRun } from "./run.ts";
import { explain } from "./trouble.ts";

type Parties = Pick<Found, "gateway" | "identity">;

/**
 * Sends a request the way of its route.
 * @throws GatewayError ROLE_REFUSED, MODEL_REFUSED, and those of `startRun`, `fetchOpenClaw` and `explain`
 */
export async function proxy(exchange: Exchange, route: Route, parties: Parties): Promise<Response> {
  const { gateway, identity } = parties;
  exchange.route = route.name;
  if (route.part) requirePart(identity, route.part, gateway);
  const notice = keyNotice(exchange.request, route, gateway);
  if (notice) return notice;
  if (route.kind === "run") return startRun(exchange, route, parties);
  const narrowed = route.kind === "models" && gateway.roles.agents[identity.role] !== undefined;
  const model = route.target.slice("/v1/models/".length);
  if (narrowed && model) checkModel(decodeURIComponent(model), identity.role, gateway.roles);
  const answer = await ask(exchange, route, parties);
  const explained = explain(answer, route.kind === "api" || route.kind === "models");
  if (explained) await explained;
  if (narrowed && !model && answer.status === 200)
    return Response.json(filterModels(await answer.json(), identity.role, gateway.roles));
  const headers = secured(answerHeaders(answer.headers, route.kind), exchange);
  return new Response(bodyOf(answer, exchange), { status: answer.status, headers });
}

function ask(
  exchange: Exchange,
  { target: path, kind, timeoutMs, query, withIdentity }: Route,
  { gateway, identity }: Parties,
): Promise<Response> {
  const target: Route["target"] = query.length > 0 ? `${path}${queryOf(exchange.request.url, query)}` : path;
  if (kind === "placed") checkPlaced(target, identity.role, gateway.roles);
  return fetchOpenClaw(gateway, {
    exchange,
    target,
    identity: withIdentity ? identity : undefined,
    kind,
    timeoutMs,
  });
}

/** OpenClaw is asked with GET, and what it answers to a HEAD goes no further. */
function bodyOf({ body }: Response, { request, context }: Exchange): ReadableStream | null {
  if (request.method !== "HEAD") return body;
  if (body) context.waitUntil(body.cancel());
  return null;
}

/** Of the client's query the parameters that the route takes, once each and written anew. */
function queryOf(url: string, names: readonly string[]): string {
  const start = url.indexOf("?");
  if (start < 0) return "";
  const asked = new URLSearchParams(url.slice(start));
  const taken = names.flatMap((name) => {
    const value = asked.get(name);
    return value === null ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  return taken.length > 0 ? `?${taken.join("&")}` : "";
}
