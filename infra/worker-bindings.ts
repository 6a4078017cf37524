import { createHash } from "node:crypto";
import type * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { type RateLimit, rateLimitBinding } from "../contract/limits.ts";
import type { RolesVariable } from "../contract/roles.ts";
import { LEDGER_CLASS, WORKER_BINDINGS as NAMES } from "../contract/worker.ts";
import type { ServiceTokenCredentials } from "./access.ts";
import type { GatewayConfig } from "./config.ts";
import { agentsOfRoles, peopleWithRoles, roleOfOthers } from "./roles.ts";

export interface BindingArgs {
  readonly stack: string;
  readonly scriptName: string;
  readonly config: GatewayConfig;
  readonly vpcServiceId: pulumi.Input<string>;
  readonly teamDomain: pulumi.Input<string>;
  readonly audience: pulumi.Input<string>;
  /** By the name that the config gives them. */
  readonly serviceTokens: Readonly<Record<string, ServiceTokenCredentials>>;
  /** OpenClaw's own token; bound with `signIn: token` only. Secret. */
  readonly gatewayToken: pulumi.Input<string | undefined>;
}

type Binding = cloudflare.types.input.WorkersScriptBinding;

const text = (name: string, value: pulumi.Input<string>): Binding => ({
  type: "plain_text",
  name,
  text: value,
});

const secret = (name: string, value: pulumi.Input<string>): Binding => ({
  type: "secret_text",
  name,
  text: pulumi.secret(value),
});

const flag = (name: string, value: boolean): Binding => text(name, String(value));

/** All that the Worker is bound to and told (contract/worker.ts): it refuses to start where one is missing. */
export function workerBindings(args: BindingArgs): Binding[] {
  const { config } = args;
  const { api, sockets } = config;
  const endpoints = (["responses", "embeddings"] as const).filter((endpoint) => api[endpoint]);
  return [
    { type: "vpc_service", name: NAMES.vpcService, serviceId: args.vpcServiceId },
    { type: "durable_object_namespace", name: NAMES.ledger, className: LEDGER_CLASS },
    text(NAMES.teamDomain, args.teamDomain),
    secret(NAMES.audience, args.audience),
    text(NAMES.signIn, config.signIn),
    ...(config.signIn === "token" ? [secret(NAMES.gatewayToken, known(args.gatewayToken))] : []),
    text(NAMES.stack, args.stack),
    text(NAMES.roles, rolesVariable(args)),
    text(NAMES.quotas, JSON.stringify(config.quotas)),
    ...apiKey(config),
    flag(NAMES.accessCookie, config.access.cookie),
    ...rateLimits(args),
    text(NAMES.apiEndpoints, endpoints.join(",")),
    text(NAMES.maxBodyBytes, String(api.maxBodyMiB * 1024 * 1024)),
    text(NAMES.socketMaxSeconds, String(sockets.maxSeconds)),
    text(NAMES.socketsPerIdentity, String(sockets.perIdentity)),
    text(NAMES.corsOrigins, config.corsOrigins.join(",")),
    flag(NAMES.forceHttps, config.forceHttps),
    text(NAMES.logLevel, config.logLevel),
    flag(NAMES.logSecurityEvents, config.logSecurityEvents),
    flag(NAMES.auditLog, config.audit),
  ];
}

const known = (token: pulumi.Input<string | undefined>): pulumi.Output<string> =>
  pulumi.output(token).apply((text) => {
    if (text === undefined) throw new Error("the Pi's step gave no token of OpenClaw's");
    return text;
  });

function rolesVariable({ config, serviceTokens }: BindingArgs): pulumi.Output<string> {
  const others = roleOfOthers(config);
  const clientIds = config.serviceTokens.map(({ name, role }) =>
    pulumi.output(serviceTokens[name]?.clientId).apply((id) => [id, { name, role }] as const),
  );
  return pulumi.all(clientIds).apply((services) => {
    const roles: RolesVariable = {
      people: peopleWithRoles(config),
      ...(others && { others }),
      services: Object.fromEntries(services),
      agents: agentsOfRoles(config),
    };
    return JSON.stringify(roles);
  });
}

/** The Worker is given hashes: a key of 32 random letters cannot be found from its hash, and is nowhere but with its users. */
function apiKey({ apiKeys: { current, previous } }: GatewayConfig): Binding[] {
  const keys = [current, previous].filter((key) => key !== undefined);
  if (keys.length === 0) return [];
  const hashes = keys.map((key) => createHash("sha256").update(key).digest("hex"));
  return [secret(NAMES.apiKey, hashes.join(","))];
}

function rateLimits({ scriptName, config: { limits } }: BindingArgs): Binding[] {
  if (!limits.enabled) return [flag(NAMES.rateLimitEnabled, false)];
  const windowMs = limits.windowSeconds * 1000;
  const limit = (kind: RateLimit, count: number): Binding => ({
    type: "ratelimit",
    name: rateLimitBinding(kind, count, windowMs),
    namespaceId: namespaceId(scriptName, kind),
    simple: { limit: count, period: limits.windowSeconds },
  });
  return [
    flag(NAMES.rateLimitEnabled, true),
    text(NAMES.rateLimitWindow, String(windowMs)),
    text(NAMES.rateLimitRequests, String(limits.requests)),
    text(NAMES.rateLimitPerUser, String(limits.perUser)),
    text(NAMES.rateLimitPerIp, String(limits.perIp)),
    limit("REQUESTS", limits.requests),
    limit("PER_USER", limits.perUser),
    limit("PER_IP", limits.perIp),
  ];
}

/**
 * Counters with one id are shared by the whole account, so that each limit of each Worker has an id of its own: a
 * positive integer, the same at every up. Of a hundred stacks two meet once in some fifty thousand accounts.
 */
const namespaceId = (scriptName: string, kind: RateLimit): string =>
  String((createHash("sha256").update(`${scriptName} ${kind}`).digest().readUInt32BE() >>> 1) + 1);
