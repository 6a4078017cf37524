import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { checkConfig, type GatewayConfig, isShared } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import type { StackOfFamily } from "./household.ts";
import { openStack } from "./open-stack.ts";
import type { OperationName } from "./operation.ts";
import { atMost, usualParallel } from "./side-by-side.ts";
import { type StackFileSettings, settingsIn } from "./stack-file.ts";

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

/**
 * Which stacks come first. A shared stack that watches gateways is built after them and goes before them; one that has
 * groups or login methods alone is built first and goes last.
 */
export async function inWaves(
  operation: OperationName,
  stacks: readonly StackOfFamily[],
): Promise<StackOfFamily[][]> {
  if (operation === "preview") return [[...stacks]];
  const { gateways, shared } = await apart(stacks);
  const watches = await Promise.all(shared.map(isWatching));
  const watching = shared.filter((_, index) => watches[index]);
  const named = shared.filter((_, index) => !watches[index]);
  const waves = operation === "up" ? [named, gateways, watching] : [watching, gateways, named];
  return waves.filter((wave) => wave.length > 0);
}

const isWatching = async ({ file }: StackOfFamily): Promise<boolean> =>
  ((await settingsIn(file)).shared?.gateways ?? []).length > 0;

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

/**
 * Refuses to take a shared stack off whose groups or login methods a gateway has that stays, or that would go after it:
 * Cloudflare may keep what is in use, and where it does not, people would be shut out.
 *
 * @param leaving the stacks that are to be taken off
 * @throws Refusal
 */
export async function refuseNamed(
  leaving: readonly StackOfFamily[],
  all: readonly StackOfFamily[],
  engine: Engine,
): Promise<void> {
  const { shared } = await apart(leaving);
  const { gateways } = await apart(all);
  for (const stack of shared) {
    const { accountId, shared: has } = await settingsIn(stack.file);
    const own = new Set([...(has?.groups ?? []), ...(has?.loginMethods ?? [])].map(({ name }) => name));
    const goesFirst = await isWatching(stack);
    const users = await Promise.all(
      gateways.map(async (gateway) => {
        const settings = await settingsIn(gateway.file);
        const named =
          settings.accountId === accountId ? namesIn(settings).filter((name) => own.has(name)) : [];
        const isInTime = leaving.includes(gateway) && !goesFirst;
        return named.length > 0 && !isInTime && (await isBuilt(gateway, engine)) ? [gateway.name] : [];
      }),
    );
    if (users.flat().length > 0) throw stillNamed(stack.name, users.flat(), goesFirst);
  }
}

/** What a gateway's config names groups and login methods by. */
const namesIn = ({ access = {} }: StackFileSettings): string[] =>
  [
    access.groups,
    access.identityProviders,
    access.loginMethods,
    access.require?.groups,
    access.exclude?.groups,
  ].flatMap((names) => names ?? []);

async function isBuilt(stack: StackOfFamily, engine: Engine): Promise<boolean> {
  try {
    return (await (await openStack(stack, engine)).outputs()).url !== undefined;
  } catch {
    return false;
  }
}

const stillNamed = (name: string, users: readonly string[], goesFirst: boolean): Refusal =>
  new Refusal(
    "GROUP_NAMED",
    `${users.join(", ")} ${users.length === 1 ? "has" : "have"} groups or login methods of the shared stack ${name}; nothing was taken off`,
    ...(goesFirst
      ? [
          `let it watch nothing first, for what watches goes before the gateways: npx pulumi config rm --stack ${name} --path 'openclaw-gateway:shared.gateways' && npx pulumi config rm --stack ${name} --path 'openclaw-gateway:shared.alerts' && npx pulumi up --stack ${name}`,
        ]
      : []),
    `then take off all: npm run family -- destroy ${[name, ...users].join(" ")}`,
    `or take the names out of access in ${users.join(", ")} and run npx pulumi up there`,
  );
