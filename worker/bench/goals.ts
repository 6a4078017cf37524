import type { Ratios } from "./bench.ts";

/** One thing that was promised, with what was measured. Either `atLeast` or `atMost` is there. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly unit: "%" | "ms" | "times" | "KB" | "MB" | "answers";
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly met: boolean;
}

/** What the Worker promises of its speed and size, and whether it holds. */
export function goalsOf(ratios: Ratios, bundleGzipBytes: number): readonly Goal[] {
  const atLeast = (name: string, ratio: number, percent: number): Goal => {
    const value = ratio * 100;
    return { name, value, unit: "%", atLeast: percent, met: value >= percent };
  };
  const atMost = (name: string, value: number, unit: Goal["unit"], most: number): Goal => ({
    name,
    value,
    unit,
    atMost: most,
    met: value <= most,
  });
  return [
    atLeast("throughput, the same person's token", ratios.throughput, 90),
    atLeast("throughput, every token different", ratios.throughputAllDifferent, 85),
    atLeast("throughput, all limits and audit on", ratios.throughputEverything, 80),
    atLeast("throughput of 1 MB answers", ratios.throughputMegabyte, 90),
    atMost("p99 latency", ratios.p99, "times", 2),
    atMost("first chunk of a stream, later by", ratios.firstChunkMs, "ms", 10),
    atMost("mean CPU of a request, all on", ratios.cpuMsPerRequest, "ms", 1),
    atMost("global scope", ratios.globalScopeMs, "ms", 20),
    atMost("bundle, gzipped", bundleGzipBytes / 1024, "KB", 60),
  ];
}
