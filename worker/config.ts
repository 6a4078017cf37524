import { AccessKeys } from "./keys.ts";

/** The Worker's bindings as the runtime hands them over: nothing is certain until `openGateway` has looked. */
export interface Env {
  readonly TEAM_DOMAIN?: string;
  readonly POLICY_AUD?: string;
  readonly OPENCLAW_GATEWAY_TOKEN?: string;
  readonly VPC_SERVICE?: Fetcher;
}

/** A configuration that has been checked, with what lives as long as the isolate. */
export interface Gateway {
  /** Issuer of the Access tokens: an https origin without a slash at its end. */
  readonly teamDomain: string;
  /** Audience tag of this application. */
  readonly audience: string;
  /** What OpenClaw knows the gateway by. Secret. */
  readonly gatewayToken: string;
  readonly vpcService: Fetcher;
  readonly keys: AccessKeys;
}

/** The environment lacks something, or holds something unusable: `problems` has one sentence each, no values. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join(" "));
    this.problems = problems;
  }
}

let opened: { readonly env: Env; readonly gateway: Gateway | ConfigError } | undefined;

/**
 * The gateway for this environment, parsed once per isolate (the runtime hands the same object to every request).
 * @throws ConfigError with every problem found
 */
export function gatewayOf(env: Env): Gateway {
  if (opened?.env !== env) opened = { env, gateway: openGateway(env) };
  if (opened.gateway instanceof ConfigError) throw opened.gateway;
  return opened.gateway;
}

/** Checks an environment as a whole. */
export function openGateway(env: Env): Gateway | ConfigError {
  const teamDomain = httpsOrigin(env.TEAM_DOMAIN);
  const audience = word(env.POLICY_AUD);
  const gatewayToken = word(env.OPENCLAW_GATEWAY_TOKEN);
  const vpcService = env.VPC_SERVICE;
  if (teamDomain && audience && gatewayToken && typeof vpcService?.fetch === "function") {
    return { teamDomain, audience, gatewayToken, vpcService, keys: new AccessKeys(teamDomain) };
  }
  const problems: string[] = [];
  if (!teamDomain)
    problems.push("TEAM_DOMAIN must be an https origin such as https://team.cloudflareaccess.com.");
  if (!audience) problems.push("POLICY_AUD must be the audience tag of the Access application.");
  if (!gatewayToken) problems.push("OPENCLAW_GATEWAY_TOKEN must be OpenClaw's gateway token.");
  if (typeof vpcService?.fetch !== "function") problems.push("VPC_SERVICE must be bound to the VPC service.");
  return new ConfigError(problems);
}

/** A value that can stand in a header as it is: printable ASCII without spaces. */
function word(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

function httpsOrigin(value: unknown): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const { protocol, origin, href } = new URL(value);
  return protocol === "https:" && href === `${origin}/` ? origin : undefined;
}
