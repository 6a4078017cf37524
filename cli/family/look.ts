import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { type CloudflareApi, publicApi, readCloudflare } from "../../infra/cloudflare-api.ts";
import { checkConfig, type GatewayConfig, namespace, type PiConfig } from "../../infra/config.ts";
import { connectorOnPi, unexpectedConnectors } from "../../infra/connectors.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { projectFolder } from "../init/places.ts";
import { pulumiOf } from "../init/pulumi.ts";
import { type Age, agesOf } from "../rotate/due.ts";
import { askGateway, type GatewayAnswer } from "../rotate/gateway.ts";
import { type OpenStack, readStackConfig } from "../rotate/open-stack.ts";
import { readRecord } from "../rotate/record.ts";
import { type Outputs, readOutputs, readState, wayIn } from "../rotate/scene.ts";
import type { StackOfFamily } from "./household.ts";
import type { LastProbe } from "./last-probe.ts";
import { openStack } from "./open-stack.ts";

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
  /** Of the account's shared stack: what gateways have of it. */
  readonly offers?: Offers;
  /** What its probe found last of this one, and when. */
  readonly lastProbe?: LastProbe;
  /** How old each secret is, and whether it is to be replaced; as `npm run rotate -- --due` says it. */
  readonly secrets?: readonly Omit<Age, "stack">[];
  /** What the gateway answers to its own question whether OpenClaw is ready: `ready`, or why not; absent with no token to ask with. */
  readonly gateway?: string;
  /** Connectors of the tunnel that are not the Pi's own, with where they come from; absent where nobody looked. */
  readonly strangers?: readonly string[];
  /** Changes that an up would make; absent where nobody looked. */
  readonly pending?: number;
  /** Why something could not be looked at. */
  readonly trouble?: string;
}

/** What the gateways of an account share. */
export interface Offers {
  /** The stacks that are watched. */
  readonly watches: readonly string[];
  readonly groups: readonly string[];
  readonly loginMethods: readonly string[];
}

interface StackOutputs extends Outputs {
  readonly gateways?: readonly string[];
  readonly groups?: Readonly<Record<string, string>>;
  readonly loginMethods?: Readonly<Record<string, string>>;
  readonly tunnelReused?: boolean;
  readonly pi?: { readonly openclaw?: string; readonly cloudflared?: string };
}

/** Looks at a stack without changing anything: its record, its tunnel, its secrets' ages, its gateway. */
export async function lookAt(stack: StackOfFamily, engine: Engine, ask = askGateway): Promise<Sight> {
  const { name, ref, file, env } = stack;
  const open: OpenStack = { name, ref, file, pulumi: pulumiOf(engine, projectFolder()).with(env) };
  const [outputs, [last]] = await Promise.all([
    readOutputs(open) as Promise<StackOutputs>,
    openStack(stack, engine).then((opened) => opened.history(1)),
  ]);
  const { url, tunnelId, pi } = outputs;
  const offers = offersOf(outputs);
  const record: Sight = {
    stack: name,
    isBuilt: url !== undefined || offers !== undefined,
    ...(offers && { offers }),
    ...(last && { changedAt: last.endTime?.toISOString(), lastResult: `${last.kind} ${last.result}` }),
  };
  if (url === undefined || tunnelId === undefined) return record;
  const built = { ...record, url, openclaw: pi?.openclaw, cloudflared: pi?.cloudflared };
  try {
    return { ...built, ...(await lookAtGateway(open, { ...outputs, url, tunnelId }, ask)) };
  } catch (error) {
    return { ...built, trouble: (error as Error).message.split("\n")[0] };
  }
}

function offersOf({ gateways, groups, loginMethods }: StackOutputs): Offers | undefined {
  if (!gateways && !groups && !loginMethods) return undefined;
  return {
    watches: gateways ?? [],
    groups: Object.keys(groups ?? {}),
    loginMethods: Object.keys(loginMethods ?? {}),
  };
}

async function lookAtGateway(
  stack: OpenStack,
  outputs: StackOutputs & { readonly url: string; readonly tunnelId: string },
  ask: typeof askGateway,
): Promise<Partial<Sight>> {
  const stored = await readStackConfig(stack);
  const text = (key: string) => stored.other[key] as string | undefined;
  const api = apiWith(text("cloudflare:apiToken"), text("cloudflare:baseUrl"));
  const config = checkConfig(stack.name, stored.own);
  const scene = { stack, config, record: readRecord(stored), outputs, api };
  const credentials = wayIn(scene);
  const { url, tunnelId } = outputs;
  const [cloud, gateway, strangers] = await Promise.all([
    Promise.all([
      readCloudflare<{ status: string }>(`/accounts/${config.accountId}/cfd_tunnel/${tunnelId}`, api),
      readState(stack).then((state) => agesOf(scene, state, new Date())),
    ]).then(
      ([{ status: tunnel }, ages]) => ({ tunnel, secrets: ages.map(({ stack: _, ...age }) => age) }),
      (error: Error) => ({ trouble: error.message.split("\n")[0] }),
    ),
    credentials && ask(url, "/ready", credentials).then(inAWord),
    outputs.tunnelReused ? undefined : strangersOn(stack.name, config, tunnelId, api).catch(() => undefined),
  ]);
  return { ...(gateway !== undefined && { gateway }), ...(strangers && { strangers }), ...cloud };
}

const inAWord = ({ status, code }: GatewayAnswer): string =>
  status === 200 ? "ready" : code || `HTTP ${status}`;

/** The API as a stack's provider asks it: by its own settings, else by the environment's. */
export function apiWith(apiToken: string | undefined, baseUrl: string | undefined): CloudflareApi {
  const base = baseUrl ?? process.env.CLOUDFLARE_BASE_URL ?? publicApi;
  return { baseUrl: base.replace(/\/$/, ""), token: apiToken ?? process.env.CLOUDFLARE_API_TOKEN ?? "" };
}

/** Where a stack is asked for: its account, and the API as its provider asks it. */
export async function settingsOf(stack: Stack): Promise<{ api: CloudflareApi; accountId: string }> {
  const config = await stack.getAllConfig();
  const value = (key: string) => config[key]?.value;
  return {
    api: apiWith(value("cloudflare:apiToken"), value("cloudflare:baseUrl")),
    accountId: value(`${namespace}:accountId`) ?? "",
  };
}

/** Whoever has stolen the tunnel's token runs a connector of it somewhere else, and is sent a share of the requests. */
async function strangersOn(
  stack: string,
  { accountId, pi }: GatewayConfig,
  tunnelId: string,
  api: CloudflareApi,
): Promise<string[]> {
  const expected = pi.abandoned ? {} : await expectedOn(pi, stack);
  const found = await unexpectedConnectors(accountId, tunnelId, expected, api);
  return found.map(({ connectorId, originIps }) => `${connectorId} from ${originIps.join(", ")}`);
}

/** With a Pi that cannot be asked, several connectors are all that can be noticed; where it has none, each is a stranger. */
const expectedOn = (pi: PiConfig, stack: string) =>
  connectorOnPi(pi, stack).then(
    (id) => ({ id: id ?? null }),
    () => ({}),
  );
