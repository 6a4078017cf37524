import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import { clashingApp } from "../access/applications.ts";
import type { AccessApp, Account } from "../account.ts";
import { audienceTag, durationMs, timestamp } from "../identifiers.ts";
import { showPolicy } from "./access-policies.ts";
import {
  accessLimit,
  accessNotFound,
  invalidRequest,
  mfaConfig,
  refuseForeignFactor,
} from "./access-rules.ts";
import { ApiError, answer, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";

const policyReference = z.preprocess(
  (sent) => (typeof sent === "string" ? { id: sent } : sent),
  z.looseObject({ id: z.string(), precedence: z.int().positive().optional() }),
);
const appBody = z
  .looseObject({
    type: z.literal("self_hosted"),
    name: z.string().min(1),
    domain: z.string().min(1).optional(),
    destinations: z
      .array(z.looseObject({ type: z.literal("public").default("public"), uri: z.string().min(1) }))
      .optional(),
    policies: z.array(policyReference).default([]),
    session_duration: z
      .string()
      .refine((text) => durationMs(text) !== undefined, "not a duration")
      .optional(),
    allowed_idps: z.array(z.string()).optional(),
    cors_headers: z.looseObject({}).optional().nullable(),
    options_preflight_bypass: z.boolean().optional(),
    mfa_config: mfaConfig,
  })
  .refine((app) => app.domain || app.destinations?.length, "domain or destinations is required")
  .refine(
    (app) => !(app.cors_headers && app.options_preflight_bypass),
    "cors_headers and options_preflight_bypass exclude each other",
  );

/** Self-hosted Access applications by hostname: A/access/apps. `onRevoke` ends the sessions of one. */
export function serveAccessApps(routes: Hono, account: Account, onRevoke: (app: AccessApp) => void): void {
  const read = (id: string, body: unknown, before: AccessApp | undefined): AccessApp => {
    const sent = parseBody(appBody, body, invalidRequest);
    const uris = [
      ...new Set([...(sent.domain ? [sent.domain] : []), ...(sent.destinations ?? []).map((d) => d.uri)]),
    ];
    for (const uri of uris) refuseForeignHost(account, uri);
    if (clashingApp(account, uris, id))
      throw new ApiError(409, 11010, "access.api.error.application_already_exists");
    refuseSamePrecedence(sent.policies);
    refuseForeignFactor(account, sent.mfa_config);
    const policyIds = inPrecedence(sent.policies).map((policy) => policy.id);
    for (const policyId of policyIds) {
      if (!account.policies.get(policyId))
        throw new ApiError(
          400,
          invalidRequest,
          `access.api.error.invalid_request: unknown policy ${policyId}`,
        );
    }
    for (const provider of sent.allowed_idps ?? []) {
      if (!account.identityProviders.get(provider))
        throw new ApiError(
          400,
          invalidRequest,
          `access.api.error.invalid_request: unknown identity provider ${provider}`,
        );
    }
    return {
      id,
      name: sent.name,
      aud: before?.aud ?? audienceTag(),
      uris,
      policyIds,
      createdAt: before?.createdAt ?? timestamp(),
      updatedAt: timestamp(),
      sent,
    };
  };
  serveFamily(routes, {
    path: "/access/apps",
    collection: account.apps,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.accessApplications, "applications"),
    create: (body) => read(randomUUID(), body, undefined),
    update: (before, body) => read(before.id, body, before),
    show: (app) => show(account, app),
  });
  routes.post("/access/apps/:id/revoke_tokens", (c) => {
    const app = account.apps.get(c.req.param("id"));
    if (!app) throw new ApiError(404, accessNotFound, "access.api.error.not_found");
    onRevoke(app);
    return answer(c, null);
  });
}

function refuseSamePrecedence(policies: readonly { precedence?: number }[]): void {
  const given = policies.flatMap(({ precedence }) => precedence ?? []);
  if (new Set(given).size < given.length)
    throw new ApiError(
      400,
      invalidRequest,
      "access.api.error.invalid_request: policy precedences must be unique",
    );
}

/** Those with a precedence by it, then those without in the order they came. */
function inPrecedence<T extends { precedence?: number }>(policies: readonly T[]): T[] {
  const rank = (policy: T) => policy.precedence ?? Number.POSITIVE_INFINITY;
  return [...policies].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

/** An application protects names of the account only: its zones', or those under its own workers.dev name. */
function refuseForeignHost(account: Account, uri: string): void {
  const hostname = uri.split("/")[0] as string;
  const owned = [`${account.workersSubdomain}.workers.dev`, ...account.zones.list().map((zone) => zone.name)];
  if (owned.some((name) => hostname === name || hostname.endsWith(`.${name}`))) return;
  throw new ApiError(
    400,
    invalidRequest,
    `access.api.error.invalid_request: domain ${hostname} does not belong to zone`,
  );
}

function show(account: Account, app: AccessApp) {
  const policies = app.policyIds.flatMap((id, index) => {
    const policy = account.policies.get(id);
    return policy ? [{ ...showPolicy(account, policy), precedence: index + 1 }] : [];
  });
  return {
    allowed_idps: [],
    app_launcher_visible: true,
    auto_redirect_to_identity: false,
    enable_binding_cookie: false,
    http_only_cookie_attribute: true,
    options_preflight_bypass: false,
    session_duration: "24h",
    ...app.sent,
    id: app.id,
    aud: app.aud,
    domain: app.uris[0],
    self_hosted_domains: app.uris,
    destinations: app.uris.map((uri) => ({ type: "public", uri })),
    policies,
    created_at: app.createdAt,
    updated_at: app.updatedAt,
  };
}
