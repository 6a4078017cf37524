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

/**
 * Lets a call in by its token: known, alive, of this account, and with a permission for the route.
 *
 * Where the refusals are known from: 6003, 1000, 10000 and 1001 from public reports. A guess: that a token which is
 * disabled or has expired is refused like an unknown one, and told apart by the verify address alone, whose answer
 * has the three states (https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/).
 */
export function authenticate(account: Account, tokens: ApiTokens): MiddlewareHandler {
  return async (c, next) => {
    const { path, method } = c.req;
    const given = /^Bearer (\S+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    if (given === undefined) throw new ApiError(400, 6003, "Invalid request headers");
    const token = tokens.find(given);
    const verifies = verifiesUser.test(path) ? "user" : verifiesAccount.test(path) ? "account" : undefined;
    if (verifies !== undefined && token?.kind !== verifies)
      throw new ApiError(401, 1000, "Invalid API Token");
    if (!token || (token.state !== "active" && verifies === undefined))
      throw new ApiError(401, refused, "Authentication error");
    const [, named, below = ""] = /^\/client\/v4\/accounts\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (named !== undefined && named !== account.id) throw new ApiError(403, refused, "Authentication error");
    const wanted = permissionsFor(method, below);
    if (wanted.length > 0 && !wanted.some((permission) => token.permissions.has(permission)))
      throw new ApiError(403, refused, "Authentication error");
    c.set("apiToken" as never, token as never);
    await next();
  };
}
