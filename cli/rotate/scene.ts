import { type CloudflareApi, publicApi } from "../../infra/cloudflare-api.ts";
import { checkConfig, type GatewayConfig } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import type { Credentials, GatewayAnswer } from "./gateway.ts";
import { type OpenStack, readStackConfig } from "./open-stack.ts";
import { type Record, readRecord } from "./record.ts";

/** A resource of the stack as its state has it, without secrets. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly created?: string;
  readonly outputs?: Readonly<{ [name: string]: unknown }>;
}

/** What `pulumi stack output` gives, secrets in clear. */
export interface Outputs {
  readonly url?: string;
  readonly tunnelId?: string;
  readonly serviceTokens?: Readonly<{
    /** Of a token that was adopted there is no secret: Cloudflare tells it once. */
    [name: string]: { readonly clientId: string; readonly clientSecret?: string };
  }>;
}

/** A stack as it is now: its config, what is remembered of rotations, and what was built. */
export interface Scene {
  readonly stack: OpenStack;
  /** As it is written, without defaults. */
  readonly written: Readonly<{ [key: string]: unknown }>;
  readonly config: GatewayConfig;
  readonly record: Record;
  readonly outputs: Outputs;
  readonly api: CloudflareApi;
}

/** What a rotation works with besides: what differs between a person's run and a test's. */
export interface Surroundings {
  readonly progress: Progress;
  readonly now: () => Date;
  readonly ask: (url: string, path: string, credentials: Credentials) => Promise<GatewayAnswer>;
  /** How long an answer may stay other than it should be. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

export async function readScene(stack: OpenStack): Promise<Scene> {
  const config = await readStackConfig(stack);
  return {
    stack,
    written: config.own,
    config: checkConfig(stack.name, config.own),
    record: readRecord(config),
    outputs: await readOutputs(stack),
    api: apiOf(config.other),
  };
}

/** What the stack gives out, secrets in clear; nothing where it is not built. */
export async function readOutputs({ ref, pulumi }: OpenStack): Promise<Outputs> {
  return JSON.parse(await pulumi(["stack", "output", "--stack", ref, "--json", "--show-secrets"])) as Outputs;
}

/** In the order of the provider's own settings. */
function apiOf(config: Readonly<{ [key: string]: unknown }>): CloudflareApi {
  const token = config["cloudflare:apiToken"] ?? process.env.CLOUDFLARE_API_TOKEN;
  if (typeof token !== "string" || token === "")
    throw new Refusal(
      "CLOUDFLARE_TOKEN_MISSING",
      "there is no API token for Cloudflare",
      "for this shell: export CLOUDFLARE_API_TOKEN=..., or in the stack, encrypted: npx pulumi config set --secret cloudflare:apiToken",
    );
  const baseUrl = String(config["cloudflare:baseUrl"] ?? process.env.CLOUDFLARE_BASE_URL ?? publicApi);
  return { baseUrl: baseUrl.replace(/\/$/, ""), token };
}

/** What the stack's state has, secrets encrypted unless they are asked for. */
export async function readState(
  { ref, pulumi }: OpenStack,
  { showSecrets = false } = {},
): Promise<readonly StateResource[]> {
  const text = await pulumi(["stack", "export", ...(showSecrets ? ["--show-secrets"] : []), "--stack", ref]);
  const { deployment } = JSON.parse(text) as { deployment: { resources?: StateResource[] } };
  return deployment.resources ?? [];
}

/** The one resource of a name. */
export const resourceIn = (state: readonly StateResource[], type: string, name: string) =>
  state.find(({ urn }) => urn.endsWith(`${type}::${name}`));

/** What proofs are signed in with: a service token whose secret the stack has, and the API key where there is one. */
export function wayIn({ outputs, config }: Pick<Scene, "outputs" | "config">): Credentials | undefined {
  const guestsLast = config.serviceTokens.toSorted(
    (one, other) => Number(one.role === "guest") - Number(other.role === "guest"),
  );
  for (const { name } of guestsLast) {
    const { clientId, clientSecret } = outputs.serviceTokens?.[name] ?? {};
    if (clientId && clientSecret) return { clientId, clientSecret, apiKey: config.apiKeys.current };
  }
  return undefined;
}

/** Why no request could be made: without a login Access answers 401 to everything, which proves nothing. */
export const noWayIn = "the stack has no service token whose secret it knows";

/** Where the gateway is. @throws Refusal where the stack was never built */
export function urlOf({ outputs, stack }: Scene): string {
  if (outputs.url) return outputs.url;
  throw new Refusal(
    "ROTATION_NOT_POSSIBLE",
    `the stack ${stack.name} is not built`,
    `npx pulumi up --stack ${stack.name}`,
  );
}
