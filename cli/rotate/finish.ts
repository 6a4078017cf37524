import { type ConfigChange, changeConfig } from "./change-config.ts";
import type { Kind } from "./kind.ts";
import type { OpenStack } from "./open-stack.ts";
import { changed, ended, recordChanges } from "./record.ts";
import { readScene, type Scene, type Surroundings } from "./scene.ts";
import { build, isOver, listOf, remember, withChanges } from "./steps.ts";

/** What a run has done. */
export interface Outcome {
  /** Replaced, and seen to work; with the end of the old one where it goes on. */
  readonly rotated: readonly {
    readonly target: string;
    readonly oldUntil?: string;
    /** What was seen of the new one where no request could be made with it. */
    readonly seen?: string;
    /** How the old one ended, where it is not refused by now. */
    readonly note?: string;
  }[];
  /** Whose old one was seen refused. */
  readonly ended: readonly string[];
  /** Whose old one was ended and not tried, and why. */
  readonly untried: readonly { readonly target: string; readonly why: string }[];
}

/** What is said of an adopted service token, whose secret Cloudflare had told before the stack was there. */
const neverKnown =
  "ended, and whether it is refused could not be tried: the stack never knew it (the token was adopted)";

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
  if (kinds.length === 0) return { rotated: [], ended: [], untried: [] };
  let scene = await readScene(stack);
  const changes = endsOf(scene, kinds, around);
  if (changes.length > 0)
    await around.progress.step(`ending the old ${listOf(kinds)}`, () => changeConfig(stack, changes));
  // Where the up after such a change was cut, the config has nothing more to change, and is to be built all the same.
  const isEnding = kinds.some(({ target }) => scene.record.pending[target]?.phase === "ending");
  if (changes.length > 0 || isEnding) scene = await build(stack, around);
  let { record } = scene;
  const untried: Outcome["untried"][number][] = [];
  try {
    for (const kind of kinds) {
      const kept = record.kept[kind.target];
      const instead =
        kept === undefined
          ? neverKnown
          : await around.progress.step(`trying the old of ${kind.title}`, () =>
              kind.proveOldRefused(scene, around, kept),
            );
      if (instead !== undefined) untried.push({ target: kind.target, why: instead });
      record = ended(record, kind.target);
    }
  } finally {
    await remember(scene, record);
  }
  const isTried = (target: string) => !untried.some((one) => one.target === target);
  return { rotated: [], ended: kinds.map(({ target }) => target).filter(isTried), untried };
}

/** The kinds whose new secret works and whose old one's time has come; with `now` all whose new one works. */
export const finishable = (scene: Scene, kinds: readonly Kind[], around: Surroundings, now: boolean) =>
  kinds.filter(
    ({ target }) =>
      scene.record.pending[target]?.phase === "ending" ||
      (scene.record.pending[target]?.phase === "overlap" && (now || isOver(scene, target, around))),
  );

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
