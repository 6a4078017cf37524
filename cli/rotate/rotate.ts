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
  scene = await prove(scene, kinds, around);
  const over = kinds.filter(
    ({ target, overlaps }) => !overlaps || isOver(scene, target, around) || overlapHours === 0,
  );
  const { ended: done } = await finish(stack, over, around);
  return {
    rotated: kinds.map(({ target }) => {
      const oldUntil = done.includes(target) ? undefined : scene.record.pending[target]?.until;
      return { target, ...(oldUntil !== undefined && { oldUntil }) };
    }),
    ended: done,
  };
}

/** Those that a cut has left in the middle. */
export const unfinished = (scene: Scene, kinds: readonly Kind[]): readonly Kind[] =>
  kinds.filter(({ target }) => scene.record.pending[target]?.phase === "building");

/** Two overlaps of one secret would end the older one early, and nobody would have seen it refused. */
function refuseOverlapping({ record, stack }: Scene, kinds: readonly Kind[]): void {
  const still = kinds.filter(({ target }) => (record.pending[target]?.phase ?? "building") !== "building");
  if (still.length === 0) return;
  const list = still.map(({ target }) => `${target} (until ${record.pending[target]?.until})`).join(", ");
  throw new Refusal(
    "ROTATION_PENDING",
    `the old one is still good of: ${list}`,
    `end it now: npm run rotate -- --stack ${stack.name} --finish --overlap 0`,
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
      const begins = await kind.begin(seen, until);
      more = begins.changes;
      record = begun(record, kind.target, recordedUntil, begins.kept);
    }
    changes.push(...more);
    seen = withChanges(seen, more);
  }
  if (changes.length > 0) await changeConfig(scene.stack, [...changes, ...recordChanges(record)]);
}

/** What was proven before another proof failed is remembered. */
async function prove(scene: Scene, kinds: readonly Kind[], around: Surroundings): Promise<Scene> {
  let { record } = scene;
  try {
    for (const kind of kinds) {
      const kept = record.kept[kind.target] ?? "";
      await around.progress.step(`trying the new of ${kind.title}`, async () => {
        await kind.afterUp?.(scene, kept);
        await kind.proveNew(scene, around, kept);
      });
      record = proven(record, kind.target, timeOf(around.now()));
      refuseInterrupted(around);
    }
  } finally {
    await remember(scene, record);
  }
  return { ...scene, record };
}
