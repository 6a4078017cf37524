import { readdirSync, readFileSync } from "node:fs";

const sampleMs = 1_000;
/** USER_HZ, what /proc counts processor time in: 100 on every Linux of today (time(7)). */
const ticksPerSecond = 100;

/** What a tree of processes took. */
export interface Usage {
  /** The most that all of them had at a time, a page that several share counted once (PSS, proc_pid_smaps(5)). */
  readonly peakMemoryMb: number;
  readonly cpuSeconds: number;
  /** How many there were at a time. */
  readonly processes: number;
}

export interface UsageWatch {
  /** Until now. */
  cpuSeconds(): number;
  stop(): Usage;
}

/**
 * Watches what a command takes with all that it starts, once a second.
 *
 * @param command its process, just started
 * @param others processes that work for it, and have worked before
 * @returns what it has taken so far; stop ends it
 */
export function watchUsage(command: number, others: readonly number[]): UsageWatch {
  const pids = [command, ...others];
  const before = cpuOf(treeOf(others));
  const most = { memoryKb: 0, ticks: 0, processes: 0 };
  const sample = () => {
    const tree = treeOf(pids);
    most.memoryKb = Math.max(most.memoryKb, memoryKbOf(tree));
    // Never less than before: the tree that has ended is not there any more.
    most.ticks = Math.max(most.ticks, cpuOf(tree));
    most.processes = Math.max(most.processes, tree.length);
  };
  sample();
  const timer = setInterval(sample, sampleMs);
  const cpuSeconds = () => {
    most.ticks = Math.max(most.ticks, cpuOf(treeOf(pids)));
    return Math.max(0, most.ticks - before) / ticksPerSecond;
  };
  return {
    cpuSeconds,
    stop() {
      clearInterval(timer);
      sample();
      return {
        peakMemoryMb: Math.round(most.memoryKb / 1024),
        cpuSeconds: cpuSeconds(),
        processes: most.processes,
      };
    },
  };
}

/** What processes have in memory now with all that they have started, but for some, in MB. */
export const memoryMbOf = (pids: readonly number[], without: readonly number[]): number => {
  const others = new Set(treeOf(without));
  return Math.round(memoryKbOf(treeOf(pids).filter((pid) => !others.has(pid))) / 1024);
};

/** The processes and all below them. */
function treeOf(pids: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? Number(statOf(name)[1]) : undefined;
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = new Set(pids);
  for (const one of found) for (const child of children.get(one) ?? []) found.add(child);
  return [...found];
}

/** One that ends meanwhile has nothing. */
const memoryKbOf = (pids: readonly number[]): number =>
  pids.reduce(
    (sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0),
    0,
  );

/** What each has used, and what those of its children used that it has seen end: nothing is counted twice or left out. */
const cpuOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const used = statOf(pid).slice(11, 15).map(Number);
    return sum + used.reduce((one, other) => one + other, 0);
  }, 0);

/** The fields of /proc/PID/stat from the third on (proc_pid_stat(5)): the name before them may have spaces. */
const statOf = (pid: number | string): string[] =>
  textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
