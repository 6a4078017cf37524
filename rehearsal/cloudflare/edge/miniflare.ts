import { Miniflare, type MiniflareOptions } from "miniflare";
import { tieWorkerdToProcess } from "./mortal-workerd.ts";

/**
 * Starts a Miniflare that leaves the process as it is: its own listeners to signals are taken off, its files are
 * where the owner clears, and its workerd ends with the process.
 *
 * @param folder where it makes the folder that it works in
 */
export function startMiniflare(folder: string, options: MiniflareOptions): Miniflare {
  tieWorkerdToProcess();
  const leaveSignals = keepSignalListeners();
  try {
    return inTemporaryFolder(folder, options);
  } finally {
    leaveSignals();
  }
}

/**
 * Remembers who listens to this process's signals, and takes off whoever came since. Miniflare would end the process at
 * SIGINT and SIGTERM by itself, before its owner has taken the rest down.
 */
function keepSignalListeners(): () => void {
  const before = signals.map((signal) => new Set(process.listeners(signal)));
  return () => {
    for (const [index, signal] of signals.entries()) {
      for (const listener of process.listeners(signal)) {
        if (!before[index]?.has(listener)) process.off(signal, listener);
      }
    }
  };
}

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Miniflare makes a folder where the environment says that temporary ones go, and removes it when it is disposed. Of a
 * rehearsal that was killed it would stay: so it goes where the next rehearsal clears.
 */
function inTemporaryFolder(folder: string, options: MiniflareOptions): Miniflare {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    return new Miniflare(options);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
