import { type Context, Hono, type MiddlewareHandler } from "hono";
import { checkSite } from "./browser.ts";
import { chatPage } from "./chat/page.ts";
import { type Env, type Gateway, gatewayOf } from "./config.ts";
import { allowOrigin, preflight } from "./cors.ts";
import { errorAnswer } from "./error-answer.ts";
import { GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { secure } from "./headers.ts";
import { toHttps } from "./https.ts";
import { checkApiKey } from "./identity/api-key.ts";
import { authenticate, type Identity } from "./identity/auth.ts";
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

interface Gate {
  Bindings: Env;
  Variables: {
    exchange: Exchange;
    gateway: Gateway;
    identity: Identity;
    route: ReturnType<typeof findRoute>;
  };
}

/** A request's way through the gateway, from top to bottom. */
const app = new Hono<Gate>({ getPath: (request) => pathOf(request.url) });

app.use(async (c, next) => {
  const exchange: Exchange = {
    request: c.req.raw,
    requestId: `req_${crypto.randomUUID().replaceAll("-", "")}`,
    startedAt: Date.now(),
    context: c.executionCtx as ExecutionContext,
  };
  c.set("exchange", exchange);
  await next();
  const { headers } = c.res;
  secure(headers, exchange.gateway?.forceHttps ?? false);
  if (exchange.gateway) allowOrigin(headers, c.req.raw, c.req.path, exchange.gateway);
  headers.set("x-request-id", exchange.requestId);
  const answer = audited(exchange, c.res, c.error instanceof GatewayError ? c.error : undefined);
  if (answer === c.res) return;
  c.res = undefined; // or Hono would merge the headers of the two
  c.res = answer;
});

app.use(async (c, next) => {
  const { exchange } = c.var;
  const gateway = gatewayOf(c.env);
  exchange.gateway = gateway;
  c.set("gateway", gateway);
  const redirect = gateway.forceHttps ? toHttps(c.req.raw) : undefined;
  if (redirect) return redirect;
  await limitAddress(c.req.raw, gateway);
  checkSizes(c.req.raw);
  if (c.req.method === "OPTIONS") return preflight(c.req.raw, c.req.path, gateway);
  checkUrl(c.req.url);
  checkSite(c.req.raw, c.req.path, gateway);
  const identity = await authenticate(c.req.raw, gateway, exchange.context);
  exchange.identity = identity;
  c.set("identity", identity);
  await checkApiKey(c.req.raw, identity, gateway);
  const route = findRoute(c.req.method, c.req.path, gateway);
  c.set("route", route);
  if (!isAsset(route)) await limitIdentity(identity, gateway);
  if (isUpgrade(c.req.raw)) return upgrade(c);
  return next();
});

for (const path of ["/health", "/ready", "/app/*", "/chat.html"]) app.get(path, named(path));
app.get("/health", (c) => c.json({ status: "ok" }));
app.get("/app/*", (c) => c.redirect(`/${new URL(c.req.url).search}`, 302)); // the UI's assets are relative to /
app.get("/ready", (c) => ready(c.var.exchange, c.var.gateway));
app.route("/", chatPage);

app.all("*", (c) => {
  const { route } = c.var;
  if ("kind" in route) return proxy(c.var.exchange, route, c.var);
  if (route.length === 0) throw new GatewayError("NOT_FOUND");
  throw new GatewayError("METHOD_NOT_ALLOWED", { headers: { allow: route.join(", ") } });
});

app.onError((cause, c) => {
  const error = cause instanceof GatewayError ? cause : asGatewayError(cause);
  c.error = error;
  return errorAnswer(error, c.req.raw, c.var.exchange.requestId);
});

/** Names the route of what the Worker answers itself; what goes through is named by the route table. */
function named(path: string): MiddlewareHandler<Gate> {
  return (c, next) => {
    c.var.exchange.route = `GET ${path}`;
    return next();
  };
}

/** The Control UI's socket lives at `/`; no other address takes an upgrade. */
function upgrade(c: Context<Gate>): Promise<Response> {
  if (c.req.method !== "GET" || c.req.path !== "/") throw new GatewayError("NOT_FOUND");
  c.var.exchange.route = "WebSocket /";
  requirePart(c.var.identity, "control", c.var.gateway);
  return bridge(c.var.exchange, c.var);
}

function asGatewayError(cause: Error): GatewayError {
  return new GatewayError(cause.name === "ConfigError" ? "GATEWAY_MISCONFIGURED" : "INTERNAL_ERROR", {
    cause,
  });
}

export default app;
