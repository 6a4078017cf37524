import { type Context, Hono } from "hono";
import { authenticate, type Identity } from "./auth.ts";
import { checkSite } from "./browser.ts";
import { chatPage } from "./chat/page.ts";
import { type Env, type Gateway, gatewayOf } from "./config.ts";
import { errorAnswer, GatewayError } from "./errors.ts";
import { secure } from "./headers.ts";
import { logFailure } from "./log.ts";
import { checkUrl, pathOf } from "./paths.ts";
import { proxy } from "./proxy.ts";
import { findRoute } from "./routes.ts";
import { bridge, isUpgrade } from "./websocket.ts";

interface Gate {
  Bindings: Env;
  Variables: { requestId: string; gateway: Gateway; identity: Identity };
}

/** A request's way through the gateway, from top to bottom. */
const app = new Hono<Gate>({ getPath: (request) => pathOf(request.url) });

app.use(async (c, next) => {
  c.set("requestId", `req_${crypto.randomUUID().replaceAll("-", "")}`);
  await next();
  secure(c.res.headers);
  c.res.headers.set("x-request-id", c.var.requestId);
});

app.use(async (c, next) => {
  c.set("gateway", gatewayOf(c.env));
  const redirect = toHttps(c.req.raw);
  if (redirect) return redirect;
  checkUrl(c.req.url);
  checkSite(c.req.raw);
  c.set("identity", await authenticate(c.req.raw, c.var.gateway));
  if (isUpgrade(c.req.raw)) return upgrade(c);
  return next();
});

app.get("/health", (c) => c.json({ status: "ok" }));
app.get("/app/*", (c) => c.redirect(`/${new URL(c.req.url).search}`, 302)); // the UI's assets are relative to /
app.route("/", chatPage);

app.all("*", (c) => {
  const route = findRoute(c.req.method, c.req.path);
  if ("pattern" in route) return proxy(c.req.raw, c.req.path, route, c.var.gateway);
  if (route.length === 0) throw new GatewayError("NOT_FOUND");
  throw new GatewayError("METHOD_NOT_ALLOWED", { headers: { allow: route.join(", ") } });
});

app.onError((cause, c) => {
  const error = cause instanceof GatewayError ? cause : asGatewayError(cause);
  logFailure(error, c.var.requestId);
  return errorAnswer(error, c.req.raw, c.var.requestId);
});

/** The Control UI's socket lives at `/`; no other address takes an upgrade. */
function upgrade(c: Context<Gate>): Promise<Response> {
  if (c.req.method !== "GET" || c.req.path !== "/") throw new GatewayError("NOT_FOUND");
  return bridge(c.req.raw, c.var.gateway);
}

function asGatewayError(cause: Error): GatewayError {
  return new GatewayError(cause.name === "ConfigError" ? "GATEWAY_MISCONFIGURED" : "INTERNAL_ERROR", {
    cause,
  });
}

/** A page asked for over http is led to https; anything else is told, since it sent its secrets in clear already. */
function toHttps({ url, method }: Request): Response | undefined {
  if (url.startsWith("https://")) return undefined;
  if (method !== "GET" && method !== "HEAD") throw new GatewayError("HTTPS_REQUIRED");
  const target = new URL(url);
  target.protocol = "https:";
  return new Response(null, { status: 308, headers: { location: target.href } });
}

export default app;
