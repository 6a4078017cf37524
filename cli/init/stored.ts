import { namespace } from "../../infra/config.ts";
import type { Pulumi } from "./pulumi.ts";
import type { StackChoice } from "./stack.ts";

/** What a stack's config has, secrets in clear. */
export interface Stored {
  /** Below the project's namespace, parsed; without what is empty. */
  readonly values: Readonly<Record<string, unknown>>;
  /** `cloudflare:apiToken`. */
  readonly apiToken?: string;
  /** `cloudflare:baseUrl`. */
  readonly baseUrl?: string;
}

const apiTokenKey = "cloudflare:apiToken";
const baseUrlKey = "cloudflare:baseUrl";

interface Value {
  readonly value?: string;
  readonly objectValue?: unknown;
}

/** @param configFile another file than the stack's own */
export async function readStored(pulumi: Pulumi, stack: string, configFile?: string): Promise<Stored> {
  const file = configFile === undefined ? [] : ["--config-file", configFile];
  const text = await pulumi(["config", "--stack", stack, "--show-secrets", "--json", ...file]);
  const all = JSON.parse(text) as Record<string, Value>;
  const values = Object.entries(all)
    .filter(([key]) => key.startsWith(`${namespace}:`))
    .map(([key, { value, objectValue }]) => [key.slice(namespace.length + 1), objectValue ?? value] as const)
    // Pulumi.yaml's own defaults: an empty text or object means "must be set".
    .filter(([, value]) => value !== "" && JSON.stringify(value) !== "{}");
  return {
    values: Object.fromEntries(values),
    apiToken: all[apiTokenKey]?.value,
    baseUrl: all[baseUrlKey]?.value,
  };
}

/** What a new stack has. */
const nothing: Stored = { values: {} };

export const storedIn = (pulumi: Pulumi, stack: StackChoice): Promise<Stored> =>
  stack.exists ? readStored(pulumi, stack.name) : Promise.resolve(nothing);
