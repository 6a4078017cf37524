import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { watch } from "chokidar";

/** An editor writes a file in several steps, and a branch that is switched changes many: they count as one, in ms. */
const settleMs = 50;

/**
 * Tells of changes in folders and what is below them, from when this resolves until the signal is aborted. What changes
 * while the reader is busy is told in one piece when it comes back.
 *
 * @param project the folder that they are in
 * @returns the changed files' paths, from `project`
 */
export async function changesIn(
  project: string,
  folders: readonly string[],
  signal: AbortSignal,
): Promise<AsyncGenerator<readonly string[]>> {
  const seen: Changes = { files: new Set(), wake: () => {} };
  // Node's own recursive watch loses a file once an editor has put a new one in its place.
  const watcher = watch([...folders], { cwd: project, ignoreInitial: true });
  watcher.on("all", (_event, file) => {
    seen.files.add(file);
    seen.wake();
  });
  signal.addEventListener("abort", () => {
    void watcher.close();
    seen.wake();
  });
  await Promise.race([once(watcher, "ready"), once(signal, "abort")]);
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
