import { Refusal } from "../../infra/refusal.ts";
import { Interrupted } from "../interruption.ts";
import { type ConfigChange, changeConfig, own } from "./change-config.ts";
import type { Kind } from "./kind.ts";
import type { OpenStack } from "./open-stack.ts";
import { begun, changed, ended, proven, recordChanges, timeOf } from "./record.ts";
import { readScene, type Scene, type Surroundings, urlOf } from "./scene.ts";

/** The longest step of an up is a package on a Pi. */
export const upTimeoutMs = 30 * 60_000;
const hourMs = 3_600_000;

/** What a run has done. */
export interface Outcome {
  /** Replaced, and seen to work; with the end of the old one where it goes on. */
  readonly rotated: readonly { readonly target: string; readonly oldUntil?: string }[];
  /** Whose old one was seen refused. */
  readonly ended: readonly string[];
}

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

/**
 * Ends old secrets, and sees each refused: the second half of a rotation, hours after the first.
 *
 * @param kinds those whose overlap is to end, whether its time has come or not
 */
export async function finish(
  stack: OpenStack,
  kinds: readonly Kind[],
  around: Surroundings,
): Promise<Outcome> {
  if (kinds.length === 0) return { rotated: [], ended: [] };
  let scene = await readScene(stack);
  const changes = endsOf(scene, kinds, around);
  if (changes.length > 0)
    await around.progress.step(`ending the old ${listOf(kinds)}`, () => changeConfig(stack, changes));
  // Where the up after such a change was cut, the config has nothing more to change, and is to be built all the same.
  const isEnding = kinds.some(({ target }) => scene.record.pending[target]?.phase === "ending");
  if (changes.length > 0 || isEnding) scene = await build(stack, around);
  let { record } = scene;
  try {
    for (const kind of kinds) {
      const kept = record.kept[kind.target];
      await around.progress.step(`trying the old of ${kind.title}`, async () => {
        if (kept !== undefined) await kind.proveOldRefused(scene, around, kept);
      });
      record = ended(record, kind.target);
    }
  } finally {
    await remember(scene, record);
  }
  return { rotated: [], ended: kinds.map(({ target }) => target) };
}

/** The kinds whose new secret works and whose old one's time has come; with `now` all whose new one works. */
export const finishable = (scene: Scene, kinds: readonly Kind[], around: Surroundings, now: boolean) =>
  kinds.filter(
    ({ target }) =>
      scene.record.pending[target]?.phase === "ending" ||
      (scene.record.pending[target]?.phase === "overlap" && (now || isOver(scene, target, around))),
  );

/** Those that a cut has left in the middle. */
export const unfinished = (scene: Scene, kinds: readonly Kind[]): readonly Kind[] =>
  kinds.filter(({ target }) => scene.record.pending[target]?.phase === "building");

const isOver = ({ record }: Scene, target: string, { now }: Pick<Surroundings, "now">): boolean =>
  Date.parse(record.pending[target]?.until ?? "") <= now().getTime();

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

/** The ends of several kinds; those of one key (the service tokens) follow from each other. */
function endsOf(scene: Scene, kinds: readonly Kind[], around: Surroundings): ConfigChange[] {
  const changes: ConfigChange[] = [];
  let { record } = scene;
  let seen = scene;
  for (const kind of kinds) {
    const more = kind.end?.(seen, around) ?? [];
    if (more.length === 0) continue;
    changes.push(...more);
    seen = withChanges(seen, more);
    record = changed(record, kind.target, { phase: "ending" });
  }
  return changes.length > 0 ? [...changes, ...recordChanges(record)] : [];
}

/** What the next kind sees of a change that is not written yet: the service tokens are one key. */
function withChanges(scene: Scene, changes: readonly ConfigChange[]): Scene {
  const change = changes.findLast((one) => "value" in one && one.key === own("serviceTokens"));
  if (!change || !("value" in change)) return scene;
  const serviceTokens = change.value as Scene["config"]["serviceTokens"];
  return { ...scene, config: { ...scene.config, serviceTokens } };
}

async function build(stack: OpenStack, around: Surroundings): Promise<Scene> {
  refuseInterrupted(around);
  await around.progress.step(`pulumi up of ${stack.name}`, () =>
    stack.pulumi(["up", "--stack", stack.name, "--yes", "--skip-preview"], { timeoutMs: upTimeoutMs }),
  );
  refuseInterrupted(around);
  return readScene(stack);
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

async function remember(scene: Scene, record: Scene["record"]): Promise<void> {
  if (record !== scene.record) await changeConfig(scene.stack, recordChanges(record));
}

function refuseInterrupted({ signal }: Surroundings): void {
  if (signal.aborted) throw new Interrupted();
}

const listOf = (kinds: readonly Kind[]): string => kinds.map(({ target }) => target).join(", ");
