import { z } from "zod";
import { configSchema, namespace } from "../../infra/config.ts";
import { code, generatedFrom, table } from "./markdown.ts";

/** What JSON Schema says of one key, with the words that infra/config.ts adds by `.meta()`. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly unit?: string;
  /** As it stands behind the key in a `pulumi config set` line. */
  readonly example?: string;
  readonly secret?: boolean;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** One key that can be set, or a group of them. */
export interface ConfigKey {
  /** As `pulumi config set --path` takes it, without the namespace: `pi.host`, `access.emails[0]`. */
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Every key that can be set, nested ones behind their group, in the order of the schema. */
export function configKeys(): ConfigKey[] {
  return keysOf(z.toJSONSchema(configSchema, { io: "input" }) as Schema, "");
}

/** The schema's own first level, by name: what Pulumi.yaml declares. */
export const topLevelKeys = (): Readonly<Record<string, Schema>> =>
  (z.toJSONSchema(configSchema, { io: "input" }) as Schema).properties ?? {};

function keysOf(group: Schema, prefix: string): ConfigKey[] {
  return Object.entries(group.properties ?? {}).flatMap(([name, schema]) => {
    const required = group.required?.includes(name) ?? false;
    const path = `${prefix}${name}`;
    if (schema.properties) return [{ path, schema, required }, ...keysOf(schema, `${path}.`)];
    const item = schema.items;
    if (item?.properties) return [{ path, schema, required }, ...keysOf(item, `${path}[0].`)];
    return [{ path: item ? `${path}[0]` : path, schema, required }];
  });
}

/** docs/config.md */
export function configReference(): string {
  const keys = configKeys();
  const missing = keys.filter(({ schema }) => !schema.description).map(({ path }) => path);
  if (missing.length > 0)
    throw new Error(`infra/config.ts: these keys have no description: ${missing.join(", ")}`);
  const rows = keys.map(({ path, schema, required }) => [
    code(path),
    schema.description,
    typeOf(schema),
    required ? "required" : defaultOf(schema),
    example(path, schema),
  ]);
  return `${generatedFrom("infra/config.ts")}

# Config keys

What a stack is built from, below \`${namespace}:\` in \`Pulumi.STACK.yaml\`. \`npm run init\` asks for what is needed and writes it; a single key is set with the line beside it. Everything is checked before anything is built, and all that is wrong is listed at once with the line that mends it.

${table(["key", "meaning", "type", "default", "set it with"], rows)}

In a list \`[0]\` is the first entry, \`[1]\` the second. \`npx pulumi config rm --path KEY\` takes a key back to its default. A secret is read from standard input and kept encrypted in the stack's file.

Cloudflare itself takes two keys of its provider: \`cloudflare:apiToken\` (secret), unless \`CLOUDFLARE_API_TOKEN\` is in the environment, and \`cloudflare:baseUrl\` for another address of its API than the public one.
`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  object: "keys of its own",
  array: "list",
};

function typeOf(schema: Schema): string {
  const name = typeNames[schema.type ?? ""] ?? schema.type ?? "";
  const details = [schema.unit, schema.secret ? "secret" : undefined].filter(Boolean);
  return details.length > 0 ? `${name} (${details.join(", ")})` : name;
}

function defaultOf({ default: value, properties }: Schema): string {
  if (properties) return "";
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return "none";
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

function example(path: string, { example: value, secret }: Schema): string | undefined {
  if (value === undefined) return undefined;
  const flags = [/[.[]/.test(path) ? "--path " : "", secret ? "--secret " : ""].join("");
  return code(`npx pulumi config set ${flags}${path.includes("[") ? `'${path}'` : path} ${value}`);
}
