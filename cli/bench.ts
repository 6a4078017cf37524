import { InvalidArgumentError, Option, program } from "commander";
import { bundleWorker } from "../contract/bundle.ts";
import { bench, type Report } from "../worker/bench/bench.ts";
import { goalsOf } from "../worker/bench/goals.ts";
import { goalTable } from "./bench/goal-table.ts";
import { alignedTable } from "./table.ts";
import { terminalProgress } from "./terminal.ts";

const count = (text: string): number => {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It must be a positive whole number.");
  return Number(text);
};
const number = (flags: string, description: string, value: number) =>
  new Option(flags, description).argParser(count).default(value);

program
  .name("npm run bench --")
  .description("Measures what this project's parts cost, on this machine alone.");

program
  .command("worker", { isDefault: true })
  .description(
    "Measures what the gateway Worker costs, against a bare Worker that only hands requests on: both on this machine's\n" +
      "workerd, one after the other, in rounds, with the same origin behind them. No account, no network but loopback.",
  )
  .addOption(number("--rounds <n>", "how often everything is measured", 7))
  .addOption(number("--requests <n>", "requests of one measurement", 8000))
  .addOption(number("--connections <n>", "connections at the same time", 50))
  .option("--json", "print the report as JSON on standard output", false)
  .option("--check", "exit with 1 when a goal is missed", false)
  .addHelpText(
    "after",
    `
The ratios are medians of each round's own ratio, so that what else this machine does meets both sides alike; they
still swing by some percent, and the fewer other programs run, the less. "everything" has all limits and the audit trail
on; the rate limits, which workerd itself lacks, are answered by a small Worker beside it, and "bareLimited" is the bare
Worker that asks it too. "tutorial" verifies each token anew, with keys that it fetches anew.

Exit code: 0 when it was measured, 1 when a Worker did not answer (or, with --check, a goal was missed).`,
  )
  .action(benchWorker);

program
  .command("family")
  .description(
    "Builds, changes and takes down many stacks with npm run family, against the local Cloudflare with a free account's\n" +
      "limits, and prints what each stack takes: time, memory, calls to the API.",
  )
  .addOption(number("--stacks <n>", "how many stacks; a free account has 100 Workers", 100))
  .addOption(number("--parallel <n>", "how many at the same time", 8))
  .addOption(
    number(
      "--window <seconds>",
      "in how many seconds Cloudflare's 1,200 calls are counted: really 300, shorter here",
      60,
    ),
  )
  .option("--json", "print the report as JSON on standard output", false)
  .option("--check", "exit with 1 when a goal is missed", false)
  .addHelpText(
    "after",
    `
The Pi of all stacks is one real sshd out of the rehearsal's Debian, on loopback, whose commands are answered by a
recorder. The provider plugins are stand-ins which all stacks share; their memory is counted, and that of the local
Cloudflare is told separately. It needs Linux and root, as the rehearsal does.

Exit code: 0 when it was measured, 1 when an operation failed (or, with --check, a goal was missed).`,
  )
  .action(benchStacks);

await program.parseAsync();

interface WorkerOptions {
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
  readonly json: boolean;
  readonly check: boolean;
}

async function benchWorker(options: WorkerOptions): Promise<void> {
  const { progress } = terminalProgress();
  const report = await bench(
    { rounds: options.rounds, amount: options.requests, connections: options.connections },
    progress,
  );
  const { gzipBytes } = await bundleWorker();
  const goals = goalsOf(report.ratios, gzipBytes);
  if (options.json) {
    const ratios = { ...report.ratios, bundleGzipBytes: gzipBytes };
    process.stdout.write(`${JSON.stringify({ ...report, ratios, goals }, null, 2)}\n`);
  } else {
    process.stdout.write(
      `\n${measured(report)}\n\n${goalTable("against the bare Worker", goals)}\n\n${context(report)}\n`,
    );
  }
  process.exitCode = options.check && goals.some(({ met }) => !met) ? 1 : 0;
}

interface FamilyOptions {
  readonly stacks: number;
  readonly parallel: number;
  readonly window: number;
  readonly json: boolean;
  readonly check: boolean;
}

async function benchStacks({ stacks, parallel, window, json, check }: FamilyOptions): Promise<void> {
  const { benchFamily } = await import("./bench/family.ts");
  const { familyGoals, familyText, surroundings } = await import("./bench/family-report.ts");
  const { progress } = terminalProgress();
  const options = { stacks, parallel, windowSeconds: window };
  const around = surroundings(options);
  const measures = await benchFamily(options, progress);
  const report = { ...options, surroundings: around, measures, goals: familyGoals(measures) };
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : `\n${familyText(report)}\n`);
  process.exitCode = check && report.goals.some(({ met }) => !met) ? 1 : 0;
}

function measured({ loads, moments }: Report): string {
  const rows = Object.entries(loads).flatMap(([scenario, targets]) =>
    Object.entries(targets).map(([target, { requestsPerSecond, p50Ms, p99Ms, cpuMsPerRequest }]) => [
      scenario,
      target,
      requestsPerSecond.toFixed(0),
      String(p50Ms),
      String(p99Ms),
      cpuMsPerRequest?.toFixed(3) ?? "",
    ]),
  );
  const latencies = Object.entries(moments).flatMap(([moment, workers]) =>
    Object.entries(workers).map(([worker, ms]) => [moment, worker, "", ms.toFixed(3), "", ""]),
  );
  const header = ["what", "by", "requests/s", "p50 ms", "p99 ms", "CPU ms/request"];
  return alignedTable([header, ...rows, ...latencies]);
}

/** What puts the goals into proportion. */
function context({ ratios }: Report): string {
  const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
  return alignedTable([
    ["a first gateway's throughput", percent(ratios.throughputTutorial)],
    [
      "all on, against a bare Worker that asks the same limits",
      percent(ratios.throughputEverythingButLimits),
    ],
  ]);
}
