import { z } from "zod";
import { ROLES } from "../contract/roles.ts";
import { access } from "./config-access.ts";
import * as onPi from "./config-pi.ts";
import { type ConfigProblem, explainIssues } from "./config-problems.ts";
import { pi } from "./config-reach.ts";
import { webAgent } from "./config-web-agent.ts";
import * as worker from "./config-worker.ts";
import { roleProblems } from "./roles.ts";

const serviceToken = z.strictObject({
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
});

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
  workersSubdomain: z
    .string()
    .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$/, "the NAME of NAME.workers.dev alone")
    .default("")
    .meta({
      description:
        "The account's workers.dev name: NAME in NAME.workers.dev. Asked of Cloudflare when not set.",
      example: "example",
    }),
  pi,
  auditLog: onPi.auditLog,
  cloudflared: onPi.cloudflared,
  firewall: onPi.firewall,
  access,
  serviceTokens: z
    .array(serviceToken)
    .default([{ name: "cli", duration: "8760h", role: "member" }])
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
});

/** What a stack is built from, checked and with defaults filled in. */
export type GatewayConfig = z.infer<typeof configSchema>;
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
  const problems: ConfigProblem[] = [];
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(stack)) {
    problems.push({
      key: "the stack's name",
      got: JSON.stringify(stack),
      wanted: "at most 40 lowercase letters, digits and dashes: it becomes part of a hostname",
      mend: "npx pulumi stack rename NAME",
    });
  }
  const result = configSchema.safeParse(switches(raw));
  if (!result.success) {
    const checked = { schema: configSchema, namespace, stack, raw };
    problems.push(...explainIssues(result.error.issues, checked));
  } else {
    problems.push(...roleProblems(result.data, namespace));
  }
  if (problems.length > 0) throw new ConfigError(stack, problems);
  return result.data as GatewayConfig;
}

/** Pulumi hands a switch on the first level over as its word, and one below it as what it is. */
const switches = (raw: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      value === "true" || value === "false" ? value === "true" : value,
    ]),
  );
