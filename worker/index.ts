import { Hono, type MiddlewareHandler } from "hono";
import { checkSite } from "./browser.ts";
import { chatPage } from "./chat/page.ts";
import { type Env, gatewayOf } from "./config.ts";
import { allowOrigin, preflight } from "./cors.ts";
import { errorAnswer } from "./error-answer.ts";
import { GatewayError } from "./errors.ts";
import { beginExchange, type Exchange, type Found } from "./exchange.ts";
import { secure } from "./headers.ts";
import { toHttps } from "./https.ts";
import { checkApiKey } from "./identity/api-key.ts";
import { authenticate } from "./identity/auth.ts";
import { requirePart } from "./identity/roles.ts";
import { limitAddress, limitIdentity } from "./limits/rates.ts";
import { audited } from "./log/audit.ts";
import { checkUrl, pathOf } from "./paths.ts";
import { proxy } from "./proxy.ts";
import { ready } from "./ready.ts";
import { findRoute, isAsset } from "./routes.ts";
import { checkSizes } from "./sizes.ts";
import { bridge, isUpgrade } from "./websocket/upgrade.ts";

export { Ledger } from "./limits/ledger.ts";

export default {
  async fetch(request, env, context) {
    const exchange = beginExchange(request, context);
    try {
      return finished(exchange, await serve(exchange, env));
    } catch (cause) {
      const error = cause instanceof GatewayError ? cause : asGatewayError(cause);
      return finished(exchange, errorAnswer(error, request, exchange.requestId), error);
    }
  },
} satisfies ExportedHandler<Env>;

/** A request's way through the gateway, from top to bottom. */
async function serve(exchange: Exchange, env: Env): Promise<Response> {
  const { request, context } = exchange;
  const gateway = gatewayOf(env);
  exchange.gateway = gateway;
  const redirect = gateway.forceHttps ? toHttps(request) : undefined;
  if (redirect) return redirect;
  await limitAddress(exchange, gateway);
  checkSizes(request);
  const path = pathOf(request.url);
  if (request.method === "OPTIONS") return preflight(request, path, gateway);
  checkUrl(request.url, path);
  checkSite(request, path, gateway);
  const identity = await authenticate(request, gateway, context);
  exchange.identity = identity;
  await checkApiKey(request, identity, gateway);
  const route = findRoute(request.method, path, gateway);
  if (!isAsset(route)) await limitIdentity(identity, gateway);
  const found = { exchange, gateway, identity };
  if (isUpgrade(request)) return upgrade(path, found);
  if (!("kind" in route)) throw refusal(route);
  return route.kind === "own" ? own.fetch(request, found) : proxy(exchange, route, found);
}

/** What the Worker answers itself. */
const own = new Hono<{ Bindings: Found }>({ getPath: ({ url }) => pathOf(url) });
for (const path of ["/health", "/ready", "/app/*", "/chat.html"]) own.get(path, named(path));
own.get("/health", (c) => c.json({ status: "ok" }));
own.get("/app/*", (c) => c.redirect(`/${new URL(c.req.url).search}`, 302)); // the UI's assets are relative to /
own.get("/ready", (c) => ready(c.env.exchange, c.env.gateway));
own.route("/", chatPage);
own.notFound(() => {
  throw new GatewayError("NOT_FOUND");
});
own.onError((error) => {
  throw error;
});

/** Names the route of what the Worker answers itself; what goes through is named by the route table. */
function named(path: string): MiddlewareHandler<{ Bindings: Found }> {
  return (c, next) => {
    c.env.exchange.route = `GET ${path}`;
    return next();
  };
}

/** The Control UI's socket lives at `/`; no other address takes an upgrade. */
function upgrade(path: string, found: Found): Promise<Response> {
  const { exchange, identity, gateway } = found;
  if (exchange.request.method !== "GET" || path !== "/") throw new GatewayError("NOT_FOUND");
  exchange.route = "WebSocket /";
  requirePart(identity, "control", gateway);
  return bridge(exchange, found);
}

function refusal(methods: readonly string[]): GatewayError {
  if (methods.length === 0) return new GatewayError("NOT_FOUND");
  return new GatewayError("METHOD_NOT_ALLOWED", { headers: { allow: methods.join(", ") } });
}

function asGatewayError(cause: unknown): GatewayError {
  const code =
    (cause as Error | undefined)?.name === "ConfigError" ? "GATEWAY_MISCONFIGURED" : "INTERNAL_ERROR";
  return new GatewayError(code, { cause });
}

/** The answer as it leaves: with the headers that every answer has, and written to the log. */
function finished(exchange: Exchange, answer: Response, error?: GatewayError): Response {
  const { request, gateway, secured } = exchange;
  if (error || !secured) secure(answer, exchange);
  if (gateway) allowOrigin(answer, request, gateway);
  const whole = request.method === "HEAD" && answer.body ? new Response(null, answer) : answer;
  return audited(exchange, whole, error);
}
