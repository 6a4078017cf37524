import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { type CloudflareApi, publicApi, readCloudflare } from "../../infra/cloudflare-api.ts";
import { configSchema, namespace, type PiConfig } from "../../infra/config.ts";
import { connectorOnPi, unexpectedConnectors } from "../../infra/connectors.ts";
import type { LastProbe } from "./last-probe.ts";

/** What the record of a stack says of it, and what Cloudflare does. */
export interface Sight {
  readonly stack: string;
  /** Nothing of it is built. */
  readonly isBuilt: boolean;
  readonly url?: string;
  /** As Cloudflare tells it: healthy, degraded, down or inactive. */
  readonly tunnel?: string;
  readonly openclaw?: string;
  readonly cloudflared?: string;
  /** When it was last changed, and how that ended. */
  readonly changedAt?: string;
  readonly lastResult?: string;
  /** Of the account's shared stack: the stacks that it watches. */
  readonly watches?: readonly string[];
  /** What its probe found last of this one, and when. */
  readonly lastProbe?: LastProbe;
  /** The service token whose secret is the oldest. */
  readonly oldest?: { readonly token: string; readonly since: string };
  /** The service token that is the first to expire. */
  readonly expires?: { readonly token: string; readonly at: string };
  /** What the gateway answers to its own question whether OpenClaw is ready: `ready`, or an error's code. */
  readonly gateway?: string;
  /** Connectors of the tunnel that are not the Pi's own, with where they come from. */
  readonly strangers?: readonly string[];
  /** Changes that an up would make; absent where nobody looked. */
  readonly pending?: number;
  /** Why something could not be looked at. */
  readonly trouble?: string;
}

/** Asks a gateway, with a service token, whether OpenClaw is ready. @returns `ready`, or why not in a word */
export type AskGateway = (url: string, token: { clientId: string; clientSecret: string }) => Promise<string>;

interface StackOutputs {
  readonly gateways?: readonly string[];
  readonly url?: string;
  readonly tunnelId?: string;
  readonly tunnelReused?: boolean;
  readonly serviceTokens?: Readonly<Record<string, { clientId: string; clientSecret: string }>>;
  readonly pi?: { readonly openclaw?: string; readonly cloudflared?: string };
}

/** Looks at a stack without changing anything: its record, its tunnel, its service tokens, its gateway. */
export async function lookAt(name: string, stack: Stack, ask: AskGateway = askGateway): Promise<Sight> {
  const [outputs, last] = await Promise.all([stack.outputs(), stack.history(1)]);
  const { url, tunnelId, tunnelReused, serviceTokens, pi, gateways } = Object.fromEntries(
    Object.entries(outputs).map(([name, { value }]) => [name, value]),
  ) as StackOutputs;
  const record = {
    stack: name,
    isBuilt: url !== undefined || gateways !== undefined,
    ...(gateways && { watches: gateways }),
    changedAt: last[0]?.endTime?.toISOString(),
    lastResult: last[0] && `${last[0].kind} ${last[0].result}`,
  };
  if (url === undefined || tunnelId === undefined) return record;
  const { api, accountId, pi: way, rotated } = await settingsOf(stack);
  const [token] = Object.values(serviceTokens ?? {});
  const rotatedAt = new Map(
    Object.entries(serviceTokens ?? {}).map(([name, one]) => [
      one.clientId,
      rotated[`service-token:${name}`],
    ]),
  );
  const [cloud, gateway, strangers] = await Promise.all([
    atCloudflare(api, accountId, tunnelId, rotatedAt).catch((error: Error) => ({
      trouble: error.message.split("\n")[0],
    })),
    token ? ask(url, token) : undefined,
    strangersOn(api, accountId, tunnelId, { stack: name, pi: tunnelReused ? undefined : way }).catch(
      () => undefined,
    ),
  ]);
  return {
    ...record,
    url,
    openclaw: pi?.openclaw,
    cloudflared: pi?.cloudflared,
    gateway,
    ...(strangers && { strangers }),
    ...cloud,
  };
}

/** The API as a stack's provider asks it: by its own settings, else by the environment's. */
export function apiWith(apiToken: string | undefined, baseUrl: string | undefined): CloudflareApi {
  const base = baseUrl ?? process.env.CLOUDFLARE_BASE_URL ?? publicApi;
  return { baseUrl: base.replace(/\/$/, ""), token: apiToken ?? process.env.CLOUDFLARE_API_TOKEN ?? "" };
}

export async function settingsOf(stack: Stack) {
  const config = await stack.getAllConfig();
  const value = (key: string) => config[key]?.value;
  const pi = configSchema.shape.pi.safeParse(JSON.parse(value(`${namespace}:pi`) ?? "{}"));
  const times = JSON.parse(value("openclaw-gateway-rotation:times") ?? "{}") as {
    rotated?: Readonly<Record<string, string>>;
  };
  return {
    api: apiWith(value("cloudflare:apiToken"), value("cloudflare:baseUrl")),
    accountId: value(`${namespace}:accountId`) ?? "",
    pi: pi.success && !pi.data.abandoned ? pi.data : undefined,
    /** When each secret was last replaced, by its name. */
    rotated: times.rotated ?? {},
  };
}

/** Whoever has stolen the tunnel's token runs a connector of it somewhere else, and is sent a share of the requests. */
async function strangersOn(
  api: CloudflareApi,
  accountId: string,
  tunnelId: string,
  { stack, pi }: { stack: string; pi: PiConfig | undefined },
): Promise<string[]> {
  // With a Pi that cannot be asked, several connectors are all that can be noticed.
  const id = pi && (await connectorOnPi(pi, stack).catch(() => undefined));
  const found = await unexpectedConnectors(accountId, tunnelId, id === undefined ? {} : { id }, api);
  return found.map(({ connectorId, originIps }) => `${connectorId} from ${originIps.join(", ")}`);
}

interface ListedToken {
  readonly name: string;
  readonly client_id: string;
  readonly created_at?: string;
  readonly expires_at?: string;
}

/** @param rotatedAt by the stack's own client ids: when the secret was last replaced, if it ever was */
async function atCloudflare(
  api: CloudflareApi,
  accountId: string,
  tunnelId: string,
  rotatedAt: ReadonlyMap<string, string | undefined>,
) {
  const account = `/accounts/${accountId}`;
  const [tunnel, tokens] = await Promise.all([
    readCloudflare<{ status: string }>(`${account}/cfd_tunnel/${tunnelId}`, api),
    readCloudflare<ListedToken[]>(`${account}/access/service_tokens?per_page=1000`, api),
  ]);
  const own = tokens.filter(({ client_id }) => rotatedAt.has(client_id));
  const [oldest] = own
    .flatMap(({ name, client_id, created_at }) => {
      const since = rotatedAt.get(client_id) ?? created_at;
      return since ? [{ token: name, since }] : [];
    })
    .toSorted((a, b) => a.since.localeCompare(b.since));
  const [first] = own
    .flatMap(({ name, expires_at: at }) => (at ? [{ token: name, at }] : []))
    .toSorted((a, b) => a.at.localeCompare(b.at));
  return { tunnel: tunnel.status, ...(oldest && { oldest }), ...(first && { expires: first }) };
}

/** OpenClaw takes 6 to 10 s for its first answer after a restart. */
const answerTimeoutMs = 20_000;

async function askGateway(
  url: string,
  { clientId, clientSecret }: { clientId: string; clientSecret: string },
): Promise<string> {
  try {
    const response = await fetch(`${url}/ready`, {
      headers: { "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret },
      redirect: "manual",
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    if (response.ok) return "ready";
    return codeIn(text) ?? `HTTP ${response.status}`;
  } catch (error) {
    const { cause, name } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

/** The code of a gateway that is not ready, or of its refusal. */
function codeIn(text: string): string | undefined {
  try {
    const told = JSON.parse(text) as { code?: string; error?: { code?: string } };
    return told.code ?? told.error?.code;
  } catch {
    return undefined;
  }
}
