import { readdirSync, readFileSync } from "node:fs";

const sampleMs = 500;

/**
 * Watches how much memory a process takes with all that it has started, a page that several share counted once
 * (PSS, proc_pid_smaps(5)).
 *
 * @returns stop ends it and gives the most that it was, in MB
 */
export function watchMemory(pid: number): { stop(): number } {
  let peakKb = 0;
  const sample = () => {
    peakKb = Math.max(
      peakKb,
      descendants(pid).reduce((sum, one) => sum + proportionalKb(one), 0),
    );
  };
  const timer = setInterval(sample, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(peakKb / 1024);
    },
  };
}

/** The process and all below it; those that end meanwhile are left out. */
function descendants(root: number): number[] {
  const parents = readdirSync("/proc").flatMap((name) => {
    const parent = /^\d+$/.test(name) ? fieldOf(`/proc/${name}/status`, "PPid") : undefined;
    return parent === undefined ? [] : [[Number(name), parent] as const];
  });
  const found = [root];
  for (const one of found) for (const [pid, parent] of parents) if (parent === one) found.push(pid);
  return found;
}

const proportionalKb = (pid: number): number => fieldOf(`/proc/${pid}/smaps_rollup`, "Pss") ?? 0;

function fieldOf(file: string, name: string): number | undefined {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(file, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}
