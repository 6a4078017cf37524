import type { Properties } from "./protocol.ts";

/**
 * Names of the API that the Pulumi SDK changed by more than their case: it gives lists a plural. The API's own name
 * stands on the right.
 */
export type Renames = Readonly<Record<string, string>>;

/** `serviceAuth401Redirect` as the API writes it: `service_auth_401_redirect`. */
export function toApiName(name: string, renames: Renames): string {
  return (
    renames[name] ??
    name
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
      .replaceAll(/([a-z])([0-9]{3})/g, "$1_$2")
      .toLowerCase()
  );
}

/** The reverse of {@link toApiName}. */
export function toSdkName(name: string, renames: Renames): string {
  const renamed = Object.entries(renames).find(([, apiName]) => apiName === name)?.[0];
  return renamed ?? name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

/** A value of the program with the API's names throughout. */
export function toApi(value: unknown, renames: Renames): unknown {
  return convert(value, (name) => toApiName(name, renames));
}

/** A value of the API with the SDK's names throughout; nulls are left out, since a program cannot set them. */
export function toSdk(value: unknown, renames: Renames): unknown {
  return convert(value, (name) => toSdkName(name, renames));
}

function convert(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((element) => convert(element, rename));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [rename(name), convert(inner, rename)]));
}

/**
 * The part of an API's answer that a program's value speaks of: keys the program never set are the API's own defaults
 * and no change. What the program set and the API no longer has is missing from the result.
 */
export function project(answer: unknown, shape: unknown): unknown {
  if (Array.isArray(answer) && Array.isArray(shape)) {
    return answer.map((element, index) => project(element, shape[index]));
  }
  if (!isObject(answer) || !isObject(shape)) return answer;
  const keys = Object.keys(shape).filter((key) => key in answer);
  return Object.fromEntries(keys.map((key) => [key, project(answer[key], shape[key])]));
}

const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);
