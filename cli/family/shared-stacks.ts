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
 * @throws Refusal
 */
export async function refuseWatched(
  leaving: readonly StackOfFamily[],
  all: readonly StackOfFamily[],
  engine: Engine,
): Promise<void> {
  const names = new Set(leaving.map(({ name }) => name));
  const staying = all.filter(({ name }) => !names.has(name));
  const watching = (await builtShared(staying, engine)).flatMap(({ stack, gateways, probeReport }) => {
    const watched = gateways.filter((name) => names.has(name));
    return probeReport !== undefined && watched.length > 0 ? [{ name: stack.name, gateways, watched }] : [];
  });
  const [first] = watching;
  if (!first) return;
  const { name, gateways, watched } = first;
  const isLast = watched.length === gateways.length;
  throw new Refusal(
    "GATEWAY_WATCHED",
    `the probe of the shared stack ${name} is bound to ${watched.join(", ")}, so Cloudflare would not let go of it; nothing was taken off`,
    ...(isLast
      ? [`it watches nothing else: npm run family -- destroy ${[name, ...names].join(" ")} takes off both`]
      : [
          ...watched
            .toReversed()
            .map(
              (one) =>
                `npx pulumi config rm --stack ${name} --path 'openclaw-gateway:shared.gateways[${gateways.indexOf(one)}]'`,
            ),
          `npx pulumi up --stack ${name}`,
          "then the same command again",
        ]),
  );
}
