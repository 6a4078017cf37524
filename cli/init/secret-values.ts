import { z } from "zod";
import { configSchema } from "../../infra/config.ts";

/** What JSON Schema says of a key: whether it is a secret (`.meta({ secret: true })`), and what is below it. */
interface Schema {
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** A secret of the config, and where it stands, as `pulumi config set --path` takes it: `pi.privateKey`. */
export interface SecretValue {
  readonly path: string;
  readonly value: string;
}

/**
 * A top-level value of the config in two: what may stand in arguments and in the stack's file, and the secrets in it,
 * each of which has to go through a pipe and be encrypted.
 */
export function splitSecrets(key: string, value: unknown): { open: unknown; secrets: SecretValue[] } {
  const schema = (z.toJSONSchema(configSchema, { io: "input" }) as Schema).properties?.[key];
  const secrets: SecretValue[] = [];
  return { open: without(value, schema, key, secrets), secrets };
}

function without(value: unknown, schema: Schema | undefined, path: string, secrets: SecretValue[]): unknown {
  if (schema?.secret && typeof value === "string") {
    secrets.push({ path, value });
    return undefined;
  }
  if (Array.isArray(value))
    return value.map((entry, index) => without(entry, schema?.items, `${path}[${index}]`, secrets));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, inner]) =>
      [name, without(inner, schema?.properties?.[name], `${path}.${name}`, secrets)] as const,
  );
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}
