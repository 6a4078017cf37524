import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import type { Account } from "../account.ts";
import type { ApiToken, ApiTokens } from "./api-tokens.ts";
import { ApiError } from "./envelope.ts";
import { type ApiPermission, permissionsFor } from "./permissions.ts";

/** Cloudflare's code for whoever may not do what they ask. */
const refused = 10000;

const verifiesUser = /^\/client\/v4\/user\/tokens\/verify$/;
const verifiesAccount = /^\/client\/v4\/accounts\/[^/]+\/tokens\/verify$/;

/** The token by which a call came. */
export const tokenOf = (c: Context): ApiToken => c.get("apiToken" as never);

/** Whether the token of a call has this permission. */
export const allows = (c: Context, permission: ApiPermission): boolean =>
  tokenOf(c).permissions.has(permission);

/** What passes for a token at all. The reports are of 37 and of 180 characters; where it begins is a guess. */
const tokenShape = /^[0-9A-Za-z_-]{40,80}$/;

/**
 * Lets a call in by its token: known, alive, of this account, and with a permission for the route.
 *
 * The refusals are those that public reports show: 9106 without a token, 6003 and 6111 for what is none, 1000 when it
 * is verified, 9109 where accounts and zones are asked for, and from an address that the token's filter
 * does not name; 10000 below an account. A guess: that a token which is
 * disabled or has expired is refused like an unknown one, and told apart by the verify address alone, whose answer
 * has the three states (https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/).
 */
export function authenticate(account: Account, tokens: ApiTokens): MiddlewareHandler {
  return async (c, next) => {
    const { path, method } = c.req;
    const token = tokens.find(presented(c.req.header("authorization")));
    const verifies = verifiesUser.test(path) ? "user" : verifiesAccount.test(path) ? "account" : undefined;
    if (verifies !== undefined && token?.kind !== verifies)
      throw new ApiError(401, 1000, "Invalid API Token");
    if (!token || (token.state !== "active" && verifies === undefined)) throw unknownToken(path);
    const from = getConnInfo(c).remote.address ?? "";
    if (token.addresses?.includes(from) === false)
      throw new ApiError(403, 9109, `Cannot use the access token from location: ${from}`);
    const [, named, below = ""] = /^\/client\/v4\/accounts\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (named !== undefined && named !== account.id) throw new ApiError(403, refused, "Authentication error");
    const wanted = permissionsFor(method, below);
    if (wanted.length > 0 && !wanted.some((permission) => token.permissions.has(permission)))
      throw new ApiError(403, refused, "Authentication error");
    c.set("apiToken" as never, token as never);
    await next();
  };
}

/** The token of a call, if it could be one. */
function presented(authorization: string | undefined): string {
  if (authorization === undefined)
    throw new ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
  if (token === undefined || !tokenShape.test(token))
    throw new ApiError(400, 6003, "Invalid request headers", [
      { code: 6111, message: "Invalid format for Authorization header" },
    ]);
  return token;
}

const unknownToken = (path: string): ApiError =>
  /^\/client\/v4\/accounts\/[^/]+\//.test(path)
    ? new ApiError(401, refused, "Authentication error")
    : new ApiError(403, 9109, "Invalid access token");
