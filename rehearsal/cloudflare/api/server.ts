import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpBindings, serve } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { SigningKeys } from "../access/keys.ts";
import type { AccessApp, Account } from "../account.ts";
import type { ScriptRuntime } from "../edge/runtime.ts";
import type { Notifications } from "../notifications.ts";
import type { TunnelEdge } from "../tunnel/edge.ts";
import { serveAccessApps } from "./access-apps.ts";
import { serveAccessKeys } from "./access-keys.ts";
import { serveAccessGroups, serveAccessPolicies } from "./access-policies.ts";
import { serveAlerting } from "./alerting.ts";
import type { ApiTokens } from "./api-tokens.ts";
import { authenticate } from "./authenticate.ts";
import { serveDnsRecords } from "./dns-records.ts";
import { ApiError, answerError } from "./envelope.ts";
import { type ApiFaults, createApiFaults } from "./faults.ts";
import { serveIdentityProviders } from "./identity-providers.ts";
import { serveKvNamespaces } from "./kv-namespaces.ts";
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
  readonly tokens: ApiTokens;
  readonly tunnels: TunnelEdge;
  readonly runtime: ScriptRuntime;
  readonly keys: SigningKeys;
  readonly notifications: Notifications;
  /** Ends the sessions of a person or of an application. */
  readonly revoke: { person(email: string): void; app(app: AccessApp): void };
}

/** The API on a loopback port, and the calls it has answered. */
export interface ApiServer {
  readonly url: string;
  readonly calls: readonly ApiCall[];
  readonly faults: Omit<ApiFaults, "middleware">;
  close(): Promise<void>;
}

const basePath = "/client/v4";

/** Starts the REST API on a free loopback port. */
export async function startApi(parts: ApiParts): Promise<ApiServer> {
  const calls: ApiCall[] = [];
  const { middleware, ...faults } = createApiFaults(basePath, parts.account.now, cutConnection);
  const app = createApi(parts, calls, middleware);
  const server = await new Promise<Server>((resolve) => {
    const listening = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, () =>
      resolve(listening as Server),
    );
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${basePath}`,
    calls,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Ends a call without a word of what became of it. */
function cutConnection(bindings: unknown): Response {
  (bindings as HttpBindings).outgoing.destroy();
  return RESPONSE_ALREADY_SENT;
}

function createApi(parts: ApiParts, calls: ApiCall[], faults: MiddlewareHandler): Hono {
  const { account, tokens, tunnels, runtime, keys, notifications, revoke } = parts;
  const api = new Hono().basePath(basePath);
  api.use(async (c, next) => {
    await next();
    calls.push({ method: c.req.method, path: c.req.path.slice(basePath.length), status: c.res.status });
  });
  api.use(faults, authenticate(account, tokens));
  serveRoot(api, account);
  serveDnsRecords(api, account);

  const routes = new Hono();
  routes.use("/access/*", requireZeroTrust(account));
  serveTunnels(routes, account, tunnels);
  serveVpcServices(routes, account);
  serveAccessApps(routes, account, revoke.app);
  serveAccessPolicies(routes, account);
  serveAccessGroups(routes, account);
  serveServiceTokens(routes, account);
  serveAccessKeys(routes, keys);
  serveOrganization(routes, account, revoke.person);
  serveIdentityProviders(routes, account);
  serveAlerting(routes, account, notifications);
  serveKvNamespaces(routes, account, runtime);
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

/** What every Access route answers before Zero Trust is set up, in the real API's words (public reports of 2026). */
const requireZeroTrust = (account: Account): MiddlewareHandler => {
  return async (_c, next) => {
    if (!account.zeroTrust)
      throw new ApiError(
        403,
        9999,
        "access.api.error.not_enabled: Access is not enabled. Visit the Access dashboard at https://dash.cloudflare.com/ and click the 'Enable Access' button.",
      );
    await next();
  };
};
