import {
  type Quota,
  type QuotasVariable,
  ROLES,
  type Role,
  type RolesVariable,
} from "../../contract/roles.ts";

/** Whether JSON is what the variable ROLES must hold, and nothing besides. */
export function areRoles(value: unknown): value is RolesVariable {
  if (!hasOnly(value, ["people", "others", "services", "agents"])) return false;
  const { people, others, services, agents } = value;
  return (
    isObject(people) &&
    Object.entries(people).every(([name, role]) => isPersonOrDomain(name) && isRole(role)) &&
    (others === undefined || (isRole(others) && others !== "owner")) &&
    isObject(services) &&
    Object.entries(services).every(([commonName, service]) => commonName !== "" && isService(service)) &&
    isObject(agents) &&
    Object.entries(agents).every(([role, names]) => isRole(role) && areNames(names))
  );
}

const CAPS = [
  "requestsPerDay",
  "tokensPerDay",
  "concurrentRuns",
  "maxTokens",
] as const satisfies (keyof Quota)[];

/** Whether JSON is what the variable QUOTAS must hold, and nothing besides. */
export function areQuotas(value: unknown): value is QuotasVariable {
  return (
    hasOnly(value, ROLES) &&
    Object.values(value).every(
      (quota) =>
        hasOnly(quota, CAPS) &&
        Object.values(quota).every((cap) => Number.isSafeInteger(cap) && Number(cap) > 0),
    )
  );
}

/** `name@domain` or `@domain` in lower case: an entry that no sign-in can ever meet is a mistake. */
const isPersonOrDomain = (name: string): boolean =>
  /^[\x21-\x3f\x5b-\x7e]*@[\x21-\x3f\x5b-\x7e]+$/.test(name);

const isService = (value: unknown): boolean =>
  hasOnly(value, ["name", "role"]) && isText(value.name) && isRole(value.role);

const areNames = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const hasOnly = (value: unknown, names: readonly string[]): value is Record<string, unknown> =>
  isObject(value) && Object.keys(value).every((name) => names.includes(name));
