import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { checkConfig, type GatewayConfig, isShared } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import type { StackOfFamily } from "./household.ts";
import { openStack } from "./open-stack.ts";
import type { OperationName } from "./operation.ts";
import { atMost, usualParallel } from "./side-by-side.ts";
import { settingsIn } from "./stack-file.ts";

/** A shared stack that is built: what its outputs say. */
export interface SharedStack {
  readonly stack: StackOfFamily;
  readonly opened: Stack;
  /** The stacks that it watches. */
  readonly gateways: readonly string[];
  /** The KV namespace of its probe, where it has one. */
  readonly probeReport: string | undefined;
}

/** The shared stacks that are built; one that cannot be opened is told of by whoever works on it. */
export async function builtShared(all: readonly StackOfFamily[], engine: Engine): Promise<SharedStack[]> {
  const { shared } = await apart(all);
  const opened = await atMost(usualParallel, shared, async (stack): Promise<SharedStack[]> => {
    try {
      const one = await openStack(stack, engine);
      const { gateways, probeReport } = await one.outputs();
      return gateways
        ? [{ stack, opened: one, gateways: gateways.value, probeReport: probeReport?.value }]
        : [];
    } catch {
      return [];
    }
  });
  return opened.flat();
}

/** The family's gateways, and its shared stacks. */
export async function apart(
  all: readonly StackOfFamily[],
): Promise<{ gateways: StackOfFamily[]; shared: StackOfFamily[] }> {
  const isShared = await Promise.all(
    all.map(async ({ file }) => (await settingsIn(file)).shared !== undefined),
  );
  return {
    gateways: all.filter((_, index) => !isShared[index]),
    shared: all.filter((_, index) => isShared[index]),
  };
}

/**
 * The config of a stack that is to be a gateway's.
 *
 * @throws Refusal for the account's shared stack, which has no people and no Pi
 */
export function gatewayConfig(name: string, values: Record<string, unknown>): GatewayConfig {
  if (!isShared(values)) return checkConfig(name, values);
  throw new Refusal(
    "STACK_IS_SHARED",
    `${name} is the account's shared stack: it has no people, browsers or Pi`,
    `to take it off: npm run family -- destroy ${name}, then npx pulumi stack rm ${name}`,
  );
}

/** Which stacks come first: gateways are built before the shared stack that watches them, and go after it. */
export async function inWaves(
  operation: OperationName,
  stacks: readonly StackOfFamily[],
): Promise<StackOfFamily[][]> {
  if (operation === "preview") return [[...stacks]];
  const { gateways, shared } = await apart(stacks);
  const waves = operation === "up" ? [gateways, shared] : [shared, gateways];
  return waves.filter((wave) => wave.length > 0);
}

/**
 * Refuses to take gateways off that a probe is bound to: Cloudflare would keep the VPC service of each, after its Worker
 * and its address are gone.
 *
 * @param leaving the stacks that are to be taken off
 * @param built finds the shared stacks that are built
 * @throws Refusal
 */
export async function refuseWatched(
  leaving: readonly StackOfFamily[],
  all: readonly StackOfFamily[],
  engine: Engine,
  built: typeof builtShared = builtShared,
): Promise<void> {
  const names = new Set(leaving.map(({ name }) => name));
  const staying = all.filter(({ name }) => !names.has(name));
  const watching = (await built(staying, engine)).flatMap(({ stack, gateways, probeReport }) => {
    const watched = gateways.filter((name) => names.has(name));
    return probeReport !== undefined && watched.length > 0 ? [{ stack, watched }] : [];
  });
  const [first] = watching;
  if (!first) return;
  const { stack, watched } = first;
  const lines = await linesToForget(stack, names);
  throw new Refusal(
    "GATEWAY_WATCHED",
    `the probe of the shared stack ${stack.name} is bound to ${watched.join(", ")}, so Cloudflare would not let go of it; nothing was taken off`,
    ...(lines
      ? [...lines, "then the same command again"]
      : [
          `it watches nothing else: npm run family -- destroy ${[stack.name, ...names].join(" ")} takes off both`,
        ]),
  );
}

/** The shared stacks that still list a stack which is removed, each with what takes it out. */
export async function stillWatched(name: string, others: readonly StackOfFamily[]): Promise<string[]> {
  const { shared } = await apart(others);
  const said = shared.map(async (stack) => {
    const { gateways = [] } = (await settingsIn(stack.file)).shared ?? {};
    if (!gateways.includes(name)) return [];
    const lines = await linesToForget(stack, new Set([name]));
    return [
      `The shared stack ${stack.name}, which lists ${name}${lines ? "" : " and nothing else"}: ${lines?.join("; ") ?? `npm run family -- destroy ${stack.name}`}`,
    ];
  });
  return (await Promise.all(said)).flat();
}

/** What takes stacks out of a shared one's list, as it stands in its file; nothing where none would be left in it. */
async function linesToForget(
  { name, file }: StackOfFamily,
  leaving: ReadonlySet<string>,
): Promise<string[] | undefined> {
  const { gateways = [] } = (await settingsIn(file)).shared ?? {};
  if (gateways.every((one) => leaving.has(one))) return undefined;
  const places = gateways.flatMap((one, index) => (leaving.has(one) ? [index] : []));
  return [
    // The last one first: the others keep their places.
    ...places
      .toReversed()
      .map(
        (index) => `npx pulumi config rm --stack ${name} --path 'openclaw-gateway:shared.gateways[${index}]'`,
      ),
    `npx pulumi up --stack ${name}`,
  ];
}
