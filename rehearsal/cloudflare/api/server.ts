import { timingSafeEqual } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { type Context, Hono, type Next } from "hono";
import type { AccessApp, Account } from "../account.ts";
import type { ScriptRuntime } from "../edge/runtime.ts";
import type { TunnelEdge } from "../tunnel/edge.ts";
import { serveAccessApps } from "./access-apps.ts";
import { serveAccessGroups, serveAccessPolicies } from "./access-policies.ts";
import { ApiError, answerError } from "./envelope.ts";
import { serveKept } from "./kept.ts";
import { serveOrganization } from "./organization.ts";
import { serveRoutesOfScripts } from "./routes-of-scripts.ts";
import { serveScripts } from "./scripts.ts";
import { serveServiceTokens } from "./service-tokens.ts";
import { serveTunnels } from "./tunnels.ts";
import { serveVpcServices } from "./vpc-services.ts";
import { serveRoot } from "./zones.ts";

/** One call that the API answered. */
export interface ApiCall {
  readonly method: string;
  /** Below `/client/v4`, without the query: `/accounts/…/access/apps`. */
  readonly path: string;
  readonly status: number;
}

/** What the API acts upon. */
export interface ApiParts {
  readonly account: Account;
  readonly tunnels: TunnelEdge;
  readonly runtime: ScriptRuntime;
  /** Ends the sessions of a person or of an application. */
  readonly revoke: { person(email: string): void; app(app: AccessApp): void };
}

/** The API on a loopback port, and the calls it has answered. */
export interface ApiServer {
  readonly url: string;
  readonly calls: readonly ApiCall[];
  close(): Promise<void>;
}

const basePath = "/client/v4";

/** Starts the REST API on a free loopback port. */
export async function startApi(parts: ApiParts): Promise<ApiServer> {
  const calls: ApiCall[] = [];
  const app = createApi(parts, calls);
  const server = await new Promise<Server>((resolve) => {
    const listening = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, () =>
      resolve(listening as Server),
    );
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${basePath}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createApi({ account, tunnels, runtime, revoke }: ApiParts, calls: ApiCall[]): Hono {
  const api = new Hono().basePath(basePath);
  api.use(async (c, next) => {
    await next();
    calls.push({ method: c.req.method, path: c.req.path.slice(basePath.length), status: c.res.status });
  });
  api.use(authenticate(account));
  serveRoot(api, account);

  const routes = new Hono();
  serveTunnels(routes, account, tunnels);
  serveVpcServices(routes, account);
  serveAccessApps(routes, account, revoke.app);
  serveAccessPolicies(routes, account);
  serveAccessGroups(routes, account);
  serveServiceTokens(routes, account);
  serveOrganization(routes, account, revoke.person);
  serveKept(routes, account);
  serveScripts(routes, account, runtime);
  serveRoutesOfScripts(routes, account);
  api.route("/accounts/:account", routes);

  api.notFound((c) => answerError(c, noRoute(c)));
  api.onError((error, c) => {
    if (error instanceof ApiError) return answerError(c, error);
    if (error instanceof SyntaxError) return answerError(c, new ApiError(400, 10002, "Invalid request body"));
    return answerError(c, new ApiError(500, 10013, `workers.api.error.unknown: ${error.message}`));
  });
  return api;
}

const noRoute = (c: Context): ApiError =>
  new ApiError(404, 7003, `Could not route to ${c.req.path}, perhaps your object identifier is invalid?`);

/** The account's API token and nothing else opens the API, and only its own account. */
function authenticate(account: Account) {
  const expected = Buffer.from(account.apiToken);
  return async (c: Context, next: Next) => {
    const given = Buffer.from(/^Bearer (\S+)$/.exec(c.req.header("authorization") ?? "")?.[1] ?? "");
    if (given.length === 0) throw new ApiError(400, 6003, "Invalid request headers");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      if (c.req.path.endsWith("/tokens/verify")) throw new ApiError(401, 1000, "Invalid API Token");
      throw new ApiError(401, 10000, "Authentication error");
    }
    const named = /^\/client\/v4\/accounts\/([^/]+)/.exec(c.req.path)?.[1];
    if (named !== undefined && named !== account.id) throw new ApiError(403, 10000, "Authentication error");
    await next();
  };
}
