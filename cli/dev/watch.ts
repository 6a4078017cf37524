import { watch } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** An editor writes a file in several steps, and a branch that is switched changes many: they count as one, in ms. */
const settleMs = 50;

/**
 * Tells of changes in folders and what is below them, from this call on and until the signal is aborted. What changes while the reader is
 * busy is told in one piece when it comes back.
 *
 * @param project the folder that they are in
 * @returns the changed files' paths, from `project`
 */
export function changesIn(
  project: string,
  folders: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const seen: Changes = { files: new Set(), wake: () => {} };
  const watchers = folders.map((folder) =>
    watch(join(project, folder), { recursive: true }, (_event, name) => {
      if (name !== null) seen.files.add(join(folder, name));
      seen.wake();
    }),
  );
  signal.addEventListener("abort", () => {
    for (const watcher of watchers) watcher.close();
    seen.wake();
  });
  return told(seen, signal);
}

interface Changes {
  readonly files: Set<string>;
  /** Called when there is something new. */
  wake: () => void;
}

async function* told(seen: Changes, signal: AbortSignal): AsyncGenerator<readonly string[]> {
  while (!signal.aborted) {
    if (seen.files.size === 0) {
      await new Promise<void>((resolve) => {
        seen.wake = resolve;
      });
      continue;
    }
    await setTimeout(settleMs);
    const files = [...seen.files].sort();
    seen.files.clear();
    yield files;
  }
}
