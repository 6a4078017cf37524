import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import type { Account } from "../account.ts";
import { timestamp } from "../identifiers.ts";
import { accessConflict, accessLimit, accessNotFound, invalidRequest } from "./access-rules.ts";
import { ApiError, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";
import { keep, keeping } from "./kept.ts";

const identityProvider = z.looseObject({
  name: z.string().min(1),
  type: z.string().min(1),
  config: z.looseObject({}),
});
/** Login methods, which the login page offers: A/access/identity_providers. */
export function serveIdentityProviders(routes: Hono, account: Account): void {
  serveFamily(routes, {
    ...keeping(readIdentityProvider, randomUUID),
    create: (body) => {
      const sent = readIdentityProvider(body);
      // An account has one of these (public reports of August 2026).
      if (sent.type === "onetimepin" && account.identityProviders.find((one) => one.sent.type === sent.type))
        throw new ApiError(
          409,
          accessConflict,
          "access.api.error.conflict: a onetimepin connection already exists",
        );
      return keep(randomUUID(), sent, timestamp());
    },
    path: "/access/identity_providers",
    collection: account.identityProviders,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.identityProviders, "identity providers"),
  });
}

const readIdentityProvider = (body: unknown) => parseBody(identityProvider, body, invalidRequest);
