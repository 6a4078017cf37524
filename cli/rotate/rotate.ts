import { Refusal } from "../../infra/refusal.ts";
import { type ConfigChange, changeConfig } from "./change-config.ts";
import { finish, type Outcome } from "./finish.ts";
import type { Kind } from "./kind.ts";
import type { OpenStack } from "./open-stack.ts";
import { begun, changed, proven, recordChanges, timeOf } from "./record.ts";
import { readScene, type Scene, type Surroundings, urlOf } from "./scene.ts";
import { build, isOver, listOf, refuseInterrupted, remember, withChanges } from "./steps.ts";

const hourMs = 3_600_000;

/**
 * Replaces secrets, each with a proof: the config asks for new ones, the stack is built once for all, and a real request
 * is made with each. What has no overlap is ended at once. Whatever was cut before goes on where it was: a new secret
 * that nobody has seen work is not replaced again.
 *
 * @param overlapHours how long the old ones go on; 0 ends them as soon as the new ones are seen to work
 */
export async function rotate(
  stack: OpenStack,
  kinds: readonly Kind[],
  overlapHours: number,
  around: Surroundings,
): Promise<Outcome> {
  let scene = await readScene(stack);
  urlOf(scene);
  refuseOverlapping(scene, kinds);
  await around.progress.step(`asking for a new ${listOf(kinds)} in the config of ${stack.name}`, () =>
    begin(scene, kinds, overlapHours, around),
  );
  scene = await build(stack, around);
  const seen = new Map<string, string>();
  scene = await prove(scene, kinds, around, seen);
  const over = kinds.filter(
    ({ target, overlaps }) => !overlaps || isOver(scene, target, around) || overlapHours === 0,
  );
  const { ended, untried } = await finish(stack, over, around);
  return {
    rotated: kinds.map(({ target }) => {
      const oldUntil = over.some((kind) => kind.target === target)
        ? undefined
        : scene.record.pending[target]?.until;
      const instead = seen.get(target);
      return {
        target,
        ...(oldUntil !== undefined && { oldUntil }),
        ...(instead !== undefined && { seen: instead }),
      };
    }),
    ended,
    untried,
  };
}

/** Those that a cut, or a lost secret, has left in the middle. */
export const unfinished = (scene: Scene, kinds: readonly Kind[]): readonly Kind[] =>
  kinds.filter(({ target }) => isBegun(scene, target));

const isBegun = ({ record }: Scene, target: string): boolean =>
  ["building", "lost"].includes(record.pending[target]?.phase ?? "");

/** Two overlaps of one secret would end the older one early, and nobody would have seen it refused. */
function refuseOverlapping(scene: Scene, kinds: readonly Kind[]): void {
  const { record, stack } = scene;
  const still = kinds.filter(({ target }) => record.pending[target] && !isBegun(scene, target));
  if (still.length === 0) return;
  const list = still.map(({ target }) => `${target} (until ${record.pending[target]?.until})`).join(", ");
  throw new Refusal(
    "ROTATION_PENDING",
    `the old one is still good of: ${list}`,
    `then: npm run rotate -- --stack ${stack.name} --finish; with --overlap 0 as well that ends it now`,
  );
}

async function begin(
  scene: Scene,
  kinds: readonly Kind[],
  overlapHours: number,
  { now }: Surroundings,
): Promise<void> {
  const hoursOn = (hours: number) => timeOf(new Date(now().getTime() + hours * hourMs));
  let { record } = scene;
  const changes: ConfigChange[] = [];
  let seen = scene;
  for (const kind of kinds) {
    // An old one that dies at once would leave nothing if the new one does not work: it is ended after the proof.
    const until = hoursOn(Math.max(1, overlapHours));
    const recordedUntil = hoursOn(kind.overlaps ? overlapHours : 0);
    let more: readonly ConfigChange[];
    if (record.pending[kind.target]?.phase === "building") {
      // Cut long ago: the old one's time may be over by now, and nobody has seen the new one.
      if (!isOver(scene, kind.target, { now }) || !kind.extend) continue;
      more = kind.extend(seen, until);
      record = changed(record, kind.target, { until: recordedUntil });
    } else {
      await refuseLost(scene, kind, overlapHours);
      const begins = await kind.begin(seen, until);
      more = begins.changes;
      record = begun(record, kind.target, recordedUntil, begins.kept);
    }
    changes.push(...more);
    seen = withChanges(seen, more);
  }
  if (changes.length > 0) await changeConfig(scene.stack, [...changes, ...recordChanges(record)]);
}

/** After a lost one another one ends the old one at once, which nobody may do unasked. */
async function refuseLost(scene: Scene, kind: Kind, overlapHours: number): Promise<void> {
  const { pending, kept } = scene.record;
  if (pending[kind.target]?.phase !== "lost" || !kind.overlaps || overlapHours === 0) return;
  const refusal = await kind.notNew?.(scene, kept[kind.target]);
  if (refusal) throw refusal;
}

/**
 * What was proven before another proof failed is remembered.
 *
 * @param seen gets what was seen where no request was possible, by the secret's name
 */
async function prove(
  scene: Scene,
  kinds: readonly Kind[],
  around: Surroundings,
  seen: Map<string, string>,
): Promise<Scene> {
  let { record } = scene;
  try {
    for (const kind of kinds) {
      await around.progress.step(`trying the new of ${kind.title}`, async () => {
        const refusal = await kind.notNew?.(scene, record.kept[kind.target]);
        if (refusal) {
          record = changed(record, kind.target, { phase: "lost" });
          throw refusal;
        }
        await kind.afterUp?.(scene);
        const instead = await kind.proveNew(scene, around);
        if (instead !== undefined) seen.set(kind.target, instead);
      });
      record = proven(record, kind.target, timeOf(around.now()));
      refuseInterrupted(around);
    }
  } finally {
    await remember(scene, record);
  }
  return { ...scene, record };
}
