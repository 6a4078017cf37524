import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import * as z from "zod";
import type { AccessGroup, AccessPolicy, Account } from "../account.ts";
import { durationMs, timestamp } from "../identifiers.ts";
import {
  accessConflict,
  accessLimit,
  accessNotFound,
  invalidRequest,
  mfaConfig,
  namesId,
  readRules,
  refuseForeignFactor,
  ruleFields,
} from "./access-rules.ts";
import { ApiError, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";

const policyBody = z.looseObject({
  name: z.string().min(1),
  decision: z.enum(["allow", "deny", "non_identity", "bypass"]),
  session_duration: z
    .string()
    .refine((text) => durationMs(text) !== undefined, "not a duration")
    .optional(),
  mfa_config: mfaConfig,
  ...ruleFields,
});
const groupBody = z.looseObject({ name: z.string().min(1), ...ruleFields });

/** Reusable Access policies: A/access/policies. */
export function serveAccessPolicies(routes: Hono, account: Account): void {
  const read = (id: string, body: unknown, createdAt: string): AccessPolicy => {
    const sent = parseBody(policyBody, body, invalidRequest);
    const { name, decision } = sent;
    refuseForeignFactor(account, sent.mfa_config);
    return { id, name, decision, rules: readRules(account, sent), createdAt, updatedAt: timestamp(), sent };
  };
  serveFamily(routes, {
    path: "/access/policies",
    collection: account.policies,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.accessPolicies, "reusable policies"),
    create: (body) => read(randomUUID(), body, timestamp()),
    update: (before, body) => read(before.id, body, before.createdAt),
    show: (policy) => showPolicy(account, policy),
    refuseDelete: (policy) => {
      if (account.apps.find((app) => app.policyIds.includes(policy.id)))
        // A guess: the words.
        throw new ApiError(409, accessConflict, "access.api.error.conflict: an application uses this policy");
    },
  });
}

/** A policy as GET and an application's own answer show it. */
export const showPolicy = (account: Account, policy: AccessPolicy) => ({
  ...policy.sent,
  ...policy.rules,
  id: policy.id,
  reusable: true,
  app_count: account.apps.list().filter((app) => app.policyIds.includes(policy.id)).length,
  created_at: policy.createdAt,
  updated_at: policy.updatedAt,
});

/** Access groups: A/access/groups. */
export function serveAccessGroups(routes: Hono, account: Account): void {
  const read = (id: string, body: unknown, createdAt: string): AccessGroup => {
    const sent = parseBody(groupBody, body, invalidRequest);
    return { id, name: sent.name, rules: readRules(account, sent), createdAt, updatedAt: timestamp() };
  };
  serveFamily(routes, {
    path: "/access/groups",
    collection: account.groups,
    notFoundCode: accessNotFound,
    limit: accessLimit(account.limits.accessGroups, "groups"),
    create: (body) => read(randomUUID(), body, timestamp()),
    update: (before, body) => read(before.id, body, before.createdAt),
    show: ({ id, name, rules, createdAt, updatedAt }) => ({
      id,
      name,
      ...rules,
      created_at: createdAt,
      updated_at: updatedAt,
    }),
    refuseDelete: (group) => {
      const users = [...account.policies.list(), ...account.groups.list()];
      if (users.some((user) => namesId(user.rules, group.id)))
        // A guess: the words.
        throw new ApiError(409, accessConflict, "access.api.error.conflict: a policy uses this group");
    },
  });
}
