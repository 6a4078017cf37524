import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import type { Account, Kept } from "../account.ts";
import { timestamp } from "../identifiers.ts";
import { accessConflict, accessLimit, accessNotFound, invalidRequest, namesId } from "./access-rules.ts";
import { ApiError, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";
import { keep, keeping } from "./kept.ts";

const ofClient = ["client_id", "client_secret"];

/**
 * The types there are, each with what its config must have
 * (https://developers.cloudflare.com/cloudflare-one/integrations/identity-providers/). A guess: that the API itself
 * refuses one that lacks some, which nobody could log in by.
 */
const required: Readonly<Record<string, readonly string[]>> = {
  azureAD: [...ofClient, "directory_id"],
  centrify: [...ofClient, "centrify_account", "centrify_app_id"],
  cloudflare: [],
  facebook: ofClient,
  github: ofClient,
  google: ofClient,
  "google-apps": [...ofClient, "apps_domain"],
  linkedin: ofClient,
  oidc: [...ofClient, "auth_url", "token_url", "certs_url"],
  okta: [...ofClient, "okta_account"],
  onelogin: [...ofClient, "onelogin_account"],
  onetimepin: [],
  pingone: [...ofClient, "ping_env_id"],
  saml: ["issuer_url", "sso_target_url", "idp_public_certs"],
  yandex: ofClient,
};

const identityProvider = z
  .looseObject({
    name: z.string().min(1),
    type: z.string().refine((type) => type in required, "no such type"),
    config: z.looseObject({}),
  })
  .superRefine(({ type, config }, context) => {
    for (const key of required[type] ?? [])
      if (!config[key]) context.addIssue({ code: "custom", path: ["config", key], message: "is missing" });
  });

/** Login methods, which the login page offers: A/access/identity_providers. */
export function serveIdentityProviders(routes: Hono, account: Account): void {
  serveFamily(routes, {
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
    update: (before, body) => keep(before.id, readIdentityProvider(body), before.createdAt),
    show: (method) => ({ ...shown(method), config: shownConfig(account, method) }),
    refuseDelete: (method) => refuseUsed(account, method),
    path: "/access/identity_providers",
    collection: account.identityProviders,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.identityProviders, "identity providers"),
  });
}

const { show: shown } = keeping((body) => readIdentityProvider(body), randomUUID);

const readIdentityProvider = (body: unknown) => parseBody(identityProvider, body, invalidRequest);

/** The client secret is never told again (public reports of August 2026), nor by the answer to what sets it. */
function shownConfig({ teamDomain }: Account, { sent }: Kept) {
  const { client_secret: _told, ...config } = sent.config as Record<string, unknown>;
  return { ...config, redirect_url: `https://${teamDomain}/cdn-cgi/access/callback` };
}

/** A guess: that it is refused. Neither Cloudflare's pages nor public reports say what becomes of the rules. */
function refuseUsed(account: Account, { id }: Kept): void {
  const rules = [...account.policies.list(), ...account.groups.list()].map((one) => one.rules);
  const allowing = account.apps.find((app) => ((app.sent.allowed_idps as string[]) ?? []).includes(id));
  if (allowing || rules.some((set) => namesId(set, id)))
    throw new ApiError(
      409,
      accessConflict,
      "access.api.error.conflict: an application, a policy or a group uses this identity provider",
    );
}
