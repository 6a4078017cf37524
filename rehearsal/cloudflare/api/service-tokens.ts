import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import type { Account, ServiceToken } from "../account.ts";
import { credential, durationMs, hexId, timestamp } from "../identifiers.ts";
import { accessLimit, accessNotFound, invalidRequest, namesId } from "./access-rules.ts";
import { ApiError, answer, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";

const defaultDuration = "8760h";
const body = z.looseObject({
  name: z.string().min(1),
  duration: z
    .string()
    .refine((text) => durationMs(text) !== undefined, "not a duration")
    .optional(),
  client_secret_version: z.int().positive().optional(),
  previous_client_secret_expires_at: z.iso.datetime({ offset: true }).optional(),
  enabled: z.boolean().optional(),
});
const rotation = z.looseObject({
  previous_client_secret_expires_at: z.iso.datetime({ offset: true }).optional(),
});

/** Service tokens: A/access/service_tokens. The secret is answered on creation and rotation, and never again. */
export function serveServiceTokens(routes: Hono, account: Account): void {
  const { serviceTokens } = account;
  serveFamily(routes, {
    path: "/access/service_tokens",
    collection: serviceTokens,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.serviceTokens, "service tokens"),
    create: (sent) => create(account, parseBody(body, sent, invalidRequest)),
    update: (before, sent) => update(account, before, parseBody(body, sent, invalidRequest)),
    show,
    showChanged: (token, before) =>
      before?.clientSecret === token.clientSecret
        ? show(token)
        : { ...show(token), client_secret: token.clientSecret },
    refuseDelete: (token) => {
      if (
        [...account.policies.list(), ...account.groups.list()].some((user) => namesId(user.rules, token.id))
      )
        throw new ApiError(
          400,
          12139,
          "access.api.error.service_token_in_use: cannot delete service token because it is used by a policy, group, or app SCIM configuration.",
        );
    },
  });
  const one = (id: string): ServiceToken => {
    const token = serviceTokens.get(id);
    if (!token) throw new ApiError(404, accessNotFound, "access.api.error.not_found");
    return token;
  };
  routes.post("/access/service_tokens/:id/rotate", async (c) => {
    const before = one(c.req.param("id"));
    const sent = parseBody(rotation, await c.req.json().catch(() => ({})), invalidRequest);
    const token = serviceTokens.put(
      rotate(account, before, before.clientSecretVersion + 1, sent.previous_client_secret_expires_at),
    );
    return answer(c, { ...show(token), client_secret: token.clientSecret });
  });
  routes.post("/access/service_tokens/:id/refresh", (c) => {
    const before = one(c.req.param("id"));
    const token = { ...before, expiresAt: expiry(account, before.duration), updatedAt: timestamp() };
    return answer(c, show(serviceTokens.put(token)));
  });
}

/** Milliseconds since the epoch at which what begins now has lasted so long. */
const expiry = (account: Account, duration: string): number =>
  account.now() + (durationMs(duration) as number);

function create(account: Account, sent: z.infer<typeof body>): ServiceToken {
  const duration = sent.duration ?? defaultDuration;
  return {
    id: randomUUID(),
    name: sent.name,
    clientId: `${hexId()}.access`,
    clientSecret: credential("cfast_"),
    clientSecretVersion: sent.client_secret_version ?? 1,
    enabled: sent.enabled ?? true,
    duration,
    expiresAt: expiry(account, duration),
    createdAt: timestamp(),
    updatedAt: timestamp(),
  };
}

function update(account: Account, before: ServiceToken, sent: z.infer<typeof body>): ServiceToken {
  const version = sent.client_secret_version ?? before.clientSecretVersion;
  if (version < before.clientSecretVersion)
    throw new ApiError(
      400,
      invalidRequest,
      "access.api.error.invalid_request: client_secret_version cannot go back",
    );
  const rotated =
    version > before.clientSecretVersion
      ? rotate(account, before, version, sent.previous_client_secret_expires_at)
      : withPreviousUntil(before, sent.previous_client_secret_expires_at);
  const duration = sent.duration ?? before.duration;
  const enabled = sent.enabled ?? before.enabled;
  return {
    ...rotated,
    name: sent.name,
    duration,
    expiresAt: duration === before.duration ? before.expiresAt : expiry(account, duration),
    enabled,
    // Disabling a token ends its previous secret too.
    previousSecret: enabled ? rotated.previousSecret : undefined,
    updatedAt: timestamp(),
  };
}

function rotate(
  account: Account,
  before: ServiceToken,
  version: number,
  previousUntil: string | undefined,
): ServiceToken {
  const expiresAt = previousUntil ? Date.parse(previousUntil) : account.now();
  return {
    ...before,
    clientSecret: credential("cfast_"),
    clientSecretVersion: version,
    previousSecret: { value: before.clientSecret, expiresAt },
    updatedAt: timestamp(),
  };
}

/** The end of the secret before may be moved at any time after a rotation, into the past too. */
function withPreviousUntil(before: ServiceToken, until: string | undefined): ServiceToken {
  if (until === undefined || before.previousSecret === undefined) return before;
  return { ...before, previousSecret: { ...before.previousSecret, expiresAt: Date.parse(until) } };
}

const show = (token: ServiceToken) => ({
  id: token.id,
  name: token.name,
  client_id: token.clientId,
  client_secret_version: token.clientSecretVersion,
  previous_client_secret_expires_at: token.previousSecret
    ? new Date(token.previousSecret.expiresAt).toISOString()
    : undefined,
  duration: token.duration,
  enabled: token.enabled,
  expires_at: new Date(token.expiresAt).toISOString(),
  created_at: token.createdAt,
  updated_at: token.updatedAt,
});
