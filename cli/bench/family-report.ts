import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import type { Goal } from "../../worker/bench/goals.ts";
import { alignedTable } from "../table.ts";
import { type FamilyBenchOptions, type Measure, withTokens } from "./family.ts";
import { goalTable } from "./goal-table.ts";

/** With 8 at a time. */
const mostMemoryMb = 4096;
const mostGrowth = 1.5;

/** What a figure is to be judged by. */
export interface Surroundings {
  readonly machine: string;
  /** What else the machine did when the benchmark began: the load average of one minute (proc_loadavg(5)). */
  readonly loadBefore: number;
  readonly pi: string;
  readonly plugins: string;
  readonly cloudflare: string;
  readonly tokens: string;
}

export interface FamilyReport extends FamilyBenchOptions {
  readonly surroundings: Surroundings;
  readonly measures: readonly Measure[];
  readonly goals: readonly Goal[];
}

/** To be asked before anything is measured. */
export function surroundings({ windowSeconds }: FamilyBenchOptions): Surroundings {
  const gb = Math.round(totalmem() / 1024 ** 3);
  return {
    machine: `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${gb} GB of memory`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    pi: "the Pi is one real sshd (Debian's OpenSSH) whose commands are answered by a recorder: OpenClaw and cloudflared do not run",
    plugins:
      "the provider plugins are stand-ins that all stacks share; the real ones are two processes more for each stack that runs",
    cloudflare: `Cloudflare is a local one, without a network in between, that counts 1,200 calls in ${windowSeconds} s (the real one in 300 s)`,
    tokens: `the first ${withTokens} stacks have a service token each, the others none: an account has 50`,
  };
}

export function familyGoals(measures: readonly Measure[]): Goal[] {
  const most = (name: string, unit: Goal["unit"], atMost: number, values: readonly number[]): Goal => {
    const value = Math.max(0, ...values);
    return { name, value, unit, atMost, met: value <= atMost };
  };
  return [
    most(
      "peak memory of the command, its processes and the plugins",
      "MB",
      mostMemoryMb,
      measures.map(({ peakMemoryMb }) => peakMemoryMb),
    ),
    most(
      "refused with 429",
      "answers",
      0,
      measures.map(({ refused }) => refused),
    ),
    most(
      "processor time of a late stack against an early one",
      "times",
      mostGrowth,
      measures.flatMap(({ lateToEarly }) => lateToEarly ?? []),
    ),
  ];
}

/** The report for a person. */
export function familyText({ surroundings: around, measures, goals }: FamilyReport): string {
  const rows = measures.map((one) => [
    one.what,
    String(one.stacks),
    one.seconds.toFixed(1),
    (one.seconds / one.stacks).toFixed(2),
    (one.cpuSeconds / one.stacks).toFixed(2),
    (one.apiCalls / one.stacks).toFixed(1),
    (one.piCommands / one.stacks).toFixed(1),
    String(one.peakMemoryMb),
    String(one.processes),
    String(one.waited),
    String(one.refused),
    one.lateToEarly?.toFixed(2) ?? "",
    String(one.cloudflareMemoryMb),
  ]);
  const header = [
    ...["what", "stacks", "seconds", "s/stack", "CPU s/stack", "API calls/stack", "SSH commands/stack"],
    ...["peak MB", "processes", "waited", "429", "late/early", "local Cloudflare MB"],
  ];
  const said = [
    `On ${around.machine}; load before: ${around.loadBefore}.`,
    ...[around.pi, around.plugins, around.cloudflare, around.tokens].map(
      (line) => `${line[0]?.toUpperCase()}${line.slice(1)}.`,
    ),
  ];
  return [
    alignedTable([header, ...rows]),
    goalTable("what was promised for --parallel 8", goals),
    said.join("\n"),
  ].join("\n\n");
}
