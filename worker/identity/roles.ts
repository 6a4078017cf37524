import {
  PARTS_OF_ROLE,
  type Part,
  type QuotasVariable,
  ROLES,
  type RolesVariable,
} from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Identity } from "./auth.ts";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRole = (value: unknown): boolean => ROLES.some((role) => role === value);

/** Whether JSON is what the variable ROLES must hold. */
export function areRoles(value: unknown): value is RolesVariable {
  if (!isObject(value) || !isObject(value.people) || !isObject(value.services) || !isObject(value.agents))
    return false;
  return (
    Object.values(value.people).every(isRole) &&
    Object.values(value.services).every(
      (service) => isObject(service) && typeof service.name === "string" && isRole(service.role),
    ) &&
    Object.entries(value.agents).every(
      ([role, names]) =>
        isRole(role) &&
        Array.isArray(names) &&
        names.length > 0 &&
        names.every((name) => typeof name === "string"),
    )
  );
}

/** Whether JSON is what the variable QUOTAS must hold. */
export function areQuotas(value: unknown): value is QuotasVariable {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([role, quota]) =>
        isRole(role) &&
        isObject(quota) &&
        Object.values(quota).every((cap) => Number.isSafeInteger(cap) && Number(cap) > 0),
    )
  );
}

/**
 * Refuses an identity whose role does not open a part of the gateway.
 * @throws GatewayError ROLE_REFUSED
 */
export function requirePart(identity: Identity, part: Part, { signIn }: Gateway): void {
  const open = PARTS_OF_ROLE[identity.role].includes(part);
  // In `token` mode whoever opens the Control UI holds the owner's key.
  if (!open || (part === "control" && signIn.mode === "token" && identity.role !== "owner"))
    throw new GatewayError("ROLE_REFUSED");
}
