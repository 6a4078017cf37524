import * as z from "zod";
import { AUTHENTICATORS } from "../access/people.ts";
import type { Account, Rule, RuleSet } from "../account.ts";
import { ApiError } from "./envelope.ts";
import type { FamilyLimit } from "./family.ts";

/** Cloudflare's code for a malformed request to Access: `access.api.error.invalid_request`. */
export const invalidRequest = 12130;
/** Cloudflare's code for an unknown Access resource: `access.api.error.not_found`. */
export const accessNotFound = 11021;

/** Cloudflare's code for what stands against something that exists: `access.api.error.conflict`. */
export const accessConflict = 12132;

/** So many of a kind and no more. The words are a guess after those of the limit on certificates, as reported. */
export const accessLimit = (most: number, kind: string): FamilyLimit => ({
  most,
  refusal: new ApiError(
    400,
    invalidRequest,
    `access.api.error.invalid_request: maximum number of ${kind} has been reached`,
  ),
});

const empty = z.strictObject({});
const rule = z.union([
  z.strictObject({ email: z.strictObject({ email: z.email() }) }),
  z.strictObject({ email_domain: z.strictObject({ domain: z.string().min(1) }) }),
  z.strictObject({ everyone: empty }),
  z.strictObject({ group: z.strictObject({ id: z.string() }) }),
  z.strictObject({ service_token: z.strictObject({ token_id: z.string() }) }),
  z.strictObject({ any_valid_service_token: empty }),
  z.strictObject({ geo: z.strictObject({ country_code: z.string().length(2) }) }),
  z.strictObject({ ip: z.strictObject({ ip: z.string() }) }),
  z.strictObject({ device_posture: z.strictObject({ integration_uid: z.string().min(1) }) }),
  z.strictObject({ auth_method: z.strictObject({ auth_method: z.string().min(1) }) }),
  z.strictObject({ login_method: z.strictObject({ id: z.string() }) }),
]);
const rules = z.array(rule).optional().nullable();

/** The three rule lists of policies and groups; at least one thing must be included. */
export const ruleFields = { include: z.array(rule).min(1), require: rules, exclude: rules };

const mostMinutes = 720 * 60;
const factorDuration = z
  .string()
  .regex(/^[0-9]+[mh]$/)
  .refine((text) => Number.parseInt(text, 10) * (text.endsWith("h") ? 60 : 1) <= mostMinutes);

/** The second factor that Access asks for itself, as policies and applications have it. */
export const mfaConfig = z
  .strictObject({
    allowed_authenticators: z.array(z.enum(AUTHENTICATORS)).optional(),
    mfa_disabled: z.boolean().optional(),
    session_duration: factorDuration.optional(),
  })
  .optional()
  .nullable();

/** Nothing can ask for a second factor that the organization has not turned on (Cloudflare's page on enforcing MFA). */
export function refuseForeignFactor(account: Account, config: z.infer<typeof mfaConfig>): void {
  const foreign = config?.allowed_authenticators?.find((one) => !account.authenticators.includes(one));
  if (foreign)
    // A guess: the words.
    throw new ApiError(
      400,
      invalidRequest,
      `access.api.error.invalid_request: mfa authenticator ${foreign} is not allowed by the organization`,
    );
}

/** The sent rules with what they leave out; throws an ApiError for a group, token or login method that is unknown. */
export function readRules(
  account: Account,
  sent: { include: Rule[]; require?: Rule[] | null; exclude?: Rule[] | null },
): RuleSet {
  const set: RuleSet = { include: sent.include, require: sent.require ?? [], exclude: sent.exclude ?? [] };
  for (const one of [...set.include, ...set.require, ...set.exclude]) refuseUnknown(account, one);
  return set;
}

function refuseUnknown(account: Account, one: Rule): void {
  const references = [
    { id: one.group?.id, collection: account.groups },
    { id: one.service_token?.token_id, collection: account.serviceTokens },
    { id: one.login_method?.id, collection: account.identityProviders },
  ];
  for (const { id, collection } of references) {
    if (id !== undefined && !collection.find((entry) => entry.id === id))
      throw new ApiError(
        400,
        invalidRequest,
        `access.api.error.invalid_request: unknown ${collection.kind} ${id}`,
      );
  }
}

/** Whether a rule set names this id in any of its rules. */
export const namesId = (set: RuleSet, id: string): boolean =>
  [...set.include, ...set.require, ...set.exclude].some(
    (one) => one.group?.id === id || one.service_token?.token_id === id || one.login_method?.id === id,
  );
