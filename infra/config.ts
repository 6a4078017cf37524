import { z } from "zod";
import { ROLES } from "../contract/roles.ts";
import { access } from "./config-access.ts";
import * as names from "./config-names.ts";
import * as onPi from "./config-pi.ts";
import { type ConfigProblem, explainIssues } from "./config-problems.ts";
import { pi } from "./config-reach.ts";
import { previousSecretExpiresAt, rotation, secretVersion } from "./config-rotation.ts";
import { shared } from "./config-shared.ts";
import { webAgent } from "./config-web-agent.ts";
import * as worker from "./config-worker.ts";
import { roleProblems } from "./roles.ts";

const serviceTokenKeys = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "lowercase letters, digits and dashes")
    .meta({ description: "What the token is found by in the stack's outputs.", example: "phone" }),
  duration: z
    .string()
    .regex(/^[1-9][0-9]*h$/, "hours, such as 8760h for a year")
    .default("8760h")
    .meta({
      description: "How long the token is good for, from when it is made.",
      unit: "hours",
      example: "720h",
    }),
  role: z.enum(ROLES, { error: "owner, member or guest" }).default("member").meta({
    description: "What the token opens: owner, member or guest, as for people.",
    example: "guest",
  }),
  purpose: z.string().trim().min(1, "a few words").max(200, "at most 200 characters").optional().meta({
    description: "What the token is for, in words of your own; shown in the stack's outputs.",
    example: "'the phone in the hall'",
  }),
  secretVersion,
  previousSecretExpiresAt,
});

// The provider takes both or none.
const serviceToken = serviceTokenKeys.refine(
  ({ secretVersion: version, previousSecretExpiresAt: until }) => version === 1 || until !== undefined,
  {
    path: ["previousSecretExpiresAt"],
    message: "until when the secret before is good, such as 2030-01-31T12:00:00Z",
  },
);

/**
 * Shape, defaults, limits and meaning of every key below `openclaw-gateway:`. Pulumi.yaml and docs/config.md say the
 * same: `npm run docs` writes it there, `npm run check` finds it stale.
 */
export const configSchema = z.strictObject({
  accountId: z
    .string()
    .regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits, from the address of the account's dashboard")
    .meta({
      description: "Id of the Cloudflare account: the 32 hexadecimal digits in the address of its dashboard.",
      example: "0123456789abcdef0123456789abcdef",
    }),
  plan: z.enum(["free", "paid", "enterprise"], { error: "free, paid or enterprise" }).default("free").meta({
    description:
      "The account's Workers plan. An up that would make more than the account has room for is refused before anything is built; enterprise, where Cloudflare has raised limits for the account, is only told.",
    example: "paid",
  }),
  workersSubdomain: z
    .string()
    .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$/, "the NAME of NAME.workers.dev alone")
    .default("")
    .meta({
      description:
        "The account's workers.dev name: NAME in NAME.workers.dev. Asked of Cloudflare when not set.",
      example: "example",
    }),
  workerName: names.workerName,
  hostname: names.hostname,
  zoneId: names.zoneId,
  alsoHostnames: names.alsoHostnames,
  tunnel: names.tunnel,
  pi,
  auditLog: onPi.auditLog,
  cloudflared: onPi.cloudflared,
  firewall: onPi.firewall,
  access,
  serviceTokens: z
    .array(serviceToken)
    .default([{ name: "cli", duration: "8760h", role: "member", secretVersion: 1 }])
    .refine((tokens) => new Set(tokens.map((token) => token.name)).size === tokens.length, {
      message: "tokens with different names",
    })
    .meta({ description: "What programs sign in with: one service token for each entry." }),
  roles: worker.roles,
  signIn: worker.signIn,
  webAgent,
  apiKeys: worker.apiKeys,
  limits: worker.limits,
  quotas: worker.quotas,
  api: worker.api,
  sockets: worker.sockets,
  corsOrigins: worker.corsOrigins,
  forceHttps: worker.forceHttps,
  logLevel: worker.logLevel,
  logSecurityEvents: worker.logSecurityEvents,
  audit: worker.audit,
  rotation,
  shared,
});

/** The whole config of the account's shared stack. */
const sharedSchema = configSchema
  .pick({ accountId: true, plan: true })
  .extend({ shared: shared.unwrap().meta(z.globalRegistry.get(shared) ?? {}) });

/** What a gateway's stack is built from, checked and with defaults filled in. */
export type GatewayConfig = Omit<z.infer<typeof configSchema>, "shared">;
/** What the account's shared stack is built from. */
export type SharedConfig = z.infer<typeof sharedSchema>;
export type PiConfig = GatewayConfig["pi"];
export type AuditLogConfig = GatewayConfig["auditLog"];

/** The namespace of the project's config keys, as in Pulumi.yaml. */
export const namespace = "openclaw-gateway";

/** A config with problems. The message lists all of them. */
export class ConfigError extends Error {
  readonly code = "CONFIG_INVALID";
  readonly problems: readonly ConfigProblem[];

  constructor(stack: string, problems: readonly ConfigProblem[]) {
    const list = problems.map(
      ({ key, got, wanted, mend }) => `  ${key}: ${got}; wanted: ${wanted}\n    ${mend}`,
    );
    super(
      `CONFIG_INVALID: the config of stack "${stack}" has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${list.join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * Checks a stack's raw config, all of it at once.
 *
 * @param stack the stack's name; it becomes part of names in the account and of the Worker's hostname
 * @param raw the values below the project's namespace, parsed where they are objects, secrets in clear
 * @throws ConfigError with every problem
 */
export function checkConfig(stack: string, raw: Record<string, unknown>): GatewayConfig {
  const problems = nameProblems(stack);
  const { shared: _empty, ...gateway } = switches(raw);
  const result = configSchema.safeParse(gateway);
  if (!result.success) {
    const checked = { schema: configSchema, namespace, stack, raw };
    problems.push(...explainIssues(result.error.issues, checked));
  } else {
    problems.push(...roleProblems(result.data, namespace), ...names.nameProblems(result.data, namespace));
  }
  if (problems.length > 0) throw new ConfigError(stack, problems);
  return result.data as GatewayConfig;
}

/** Whether a stack's raw config makes it the account's shared one. */
export const isShared = (raw: Record<string, unknown>): boolean => !isEmpty(raw.shared);

/** Pulumi hands over the defaults of Pulumi.yaml too; an empty one means "not set". */
const isEmpty = (value: unknown): boolean =>
  value === undefined || ["", "{}", "[]"].includes(JSON.stringify(value).replaceAll('"', ""));

/** Whether a key has a value that is not its default. */
function isSet(key: string, value: unknown): boolean {
  if (isEmpty(value)) return false;
  const schema = configSchema.shape[key as keyof typeof configSchema.shape];
  const [given, usual] = [schema.safeParse(value), schema.safeParse(undefined)];
  return !given.success || JSON.stringify(given.data) !== JSON.stringify(usual.data);
}

/**
 * Checks the raw config of the account's shared stack, all of it at once. A gateway's keys are refused.
 *
 * @throws ConfigError with every problem
 */
export function checkSharedConfig(stack: string, raw: Record<string, unknown>): SharedConfig {
  const problems = nameProblems(stack);
  const own = Object.keys(sharedSchema.shape);
  const gatewayKeys = Object.keys(raw).filter((key) => key in configSchema.shape && !own.includes(key));
  const values = switches(raw);
  for (const key of gatewayKeys.filter((name) => isSet(name, values[name]))) {
    problems.push({
      key: `${namespace}:${key}`,
      got: "a gateway's key in a shared stack",
      wanted: `${own.join(" and ")} alone; a gateway has a stack of its own`,
      mend: `npx pulumi config rm '${namespace}:${key}'`,
    });
  }
  const rest = Object.fromEntries(Object.entries(raw).filter(([key]) => !gatewayKeys.includes(key)));
  const result = sharedSchema.safeParse(rest);
  if (!result.success)
    problems.push(
      ...explainIssues(result.error.issues, { schema: sharedSchema, namespace, stack, raw: rest }),
    );
  if (problems.length > 0) throw new ConfigError(stack, problems);
  return result.data as SharedConfig;
}

function nameProblems(stack: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(stack)) {
    problems.push({
      key: "the stack's name",
      got: JSON.stringify(stack),
      wanted: "at most 40 lowercase letters, digits and dashes: it becomes part of a hostname",
      mend: "npx pulumi stack rename NAME",
    });
  }
  return problems;
}

/** Pulumi hands a switch on the first level over as its word, and one below it as what it is. */
const switches = (raw: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      value === "true" || value === "false" ? value === "true" : value,
    ]),
  );
