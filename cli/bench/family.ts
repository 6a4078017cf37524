import { freePlan } from "../../rehearsal/cloudflare/limits.ts";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import type { OperationName, Result } from "../family/operation.ts";
import { openTestHousehold, type TestHousehold } from "../family/testing/household.ts";
import { type BenchPi, startBenchPi } from "./pi.ts";
import { memoryMbOf, type Usage, type UsageWatch, watchUsage } from "./usage.ts";

export interface FamilyBenchOptions {
  readonly stacks: number;
  readonly parallel: number;
  /** In how many seconds Cloudflare counts its 1,200 calls: really 300. */
  readonly windowSeconds: number;
}

/** What one command on many stacks took. */
export interface Measure extends Usage {
  readonly what: string;
  readonly stacks: number;
  readonly seconds: number;
  readonly apiCalls: number;
  /** Answers 429: none, where the budget holds. */
  readonly refused: number;
  /** Commands over SSH. */
  readonly piCommands: number;
  /** Of the local Cloudflare with the Workers that run in it, the more of before and after, in MB. */
  readonly cloudflareMemoryMb: number;
  /** Stacks that had to wait until Cloudflare might be asked more. */
  readonly waited: number;
  /** Processor time of the last quarter of the stacks against the second's: 1 where growth is linear, however long they waited. */
  readonly lateToEarly?: number;
}

/** One service token a stack is the default, and an account has 50: the stacks beyond have none. */
export const withTokens = freePlan.serviceTokens - 5;
/** Cloudflare's own (https://developers.cloudflare.com/fundamentals/api/reference/limits/). */
const allowedCalls = 1_200;
/** What `npm run family` uses of them by itself. */
const usedCalls = 1_000;

interface Bench extends FamilyBenchOptions {
  readonly cloudflare: TestCloudflare;
  readonly pi: BenchPi;
  readonly home: TestHousehold;
  readonly progress: Progress;
}

/**
 * Builds, looks at, changes and takes down many stacks at the local Cloudflare, with the limits of a free account. Their
 * Pi is one real sshd, whose commands are answered by a recorder.
 */
export async function benchFamily(options: FamilyBenchOptions, progress: Progress): Promise<Measure[]> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const cloudflare = await startTestCloudflare(170);
    closers.push(() => cloudflare.local.close());
    const pi = await progress.step("the Pi's sshd", startBenchPi);
    closers.push(pi.close);
    const home = await openTestHousehold(cloudflare);
    closers.push(home.close);
    return await measureAll({ cloudflare, pi, home, progress, ...options });
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function measureAll(bench: Bench): Promise<Measure[]> {
  const { cloudflare, pi, home, progress, stacks, windowSeconds } = bench;
  const names = Array.from({ length: stacks }, (_, index) => `s${String(index).padStart(3, "0")}`);
  await progress.step(`${names.length} stacks are set up`, async (detail) => {
    const waiting = names.entries();
    const addSome = async () => {
      for (const [index, name] of waiting) {
        detail(name);
        await home.add(name, configOf(pi, index));
      }
    };
    await Promise.all(Array.from({ length: bench.parallel }, addSome));
  });
  cloudflare.local.faults.budget(allowedCalls, windowSeconds);
  const measures = [
    await measure("up --all, new", "up", [], bench),
    await measure("up --all, no change", "up", [], bench),
  ];
  await home.change(names[0] ?? "", { logLevel: "warn" });
  measures.push(await measure("up --all, one changed", "up", [], bench));
  measures.push(await measure("preview of one", "preview", names.slice(0, 1), bench));
  measures.push(await measure("destroy --all", "destroy", [], bench));
  return measures;
}

async function measure(
  what: string,
  operation: OperationName,
  names: readonly string[],
  { cloudflare, pi, home, progress, parallel, windowSeconds, stacks }: Bench,
): Promise<Measure> {
  const { calls } = cloudflare.local;
  const [callsBefore, askedBefore] = [calls.length, (await pi.asked()).length];
  const cloudflareMb = () => memoryMbOf([process.pid], [...home.pluginPids, pi.pid]);
  const cloudflareBefore = cloudflareMb();
  const words = [operation, ...(names.length > 0 ? names : ["--all"]), "--json", "--continue-on-error"];
  const limits = ["--parallel", String(parallel), "--api-calls", `${usedCalls}/${windowSeconds}`];
  const started = performance.now();
  let watch: UsageWatch | undefined;
  /** The processor time at each stack's end, in s. */
  const ends: number[] = [];
  let waited = 0;
  const { code, stdout, stderr } = await progress.step(what, (detail) =>
    home.family([...words, ...limits, ...(operation === "preview" ? [] : ["--yes"])], {
      timeoutMs: 3 * 60 * 60_000,
      onStderr: (text, child) => {
        watch ??= watchUsage(child.pid as number, home.pluginPids);
        for (const line of text.trim().split("\n")) {
          if (/^[✓✗] /.test(line)) ends.push(watch.cpuSeconds());
          if (line.includes(": waiting,")) waited += 1;
          detail(line);
        }
      },
    }),
  );
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const usage = watch?.stop();
  const { results = [] } = JSON.parse(stdout || "{}") as { results?: Result[] };
  if (code !== 0 || !usage) throw new Error(`${what}: ${failuresIn(results) || stderr.slice(-2000)}`);
  const made = calls.slice(callsBefore);
  return {
    what,
    stacks: names.length || stacks,
    seconds,
    ...usage,
    apiCalls: made.length,
    refused: made.filter(({ status }) => status === 429).length,
    piCommands: (await pi.asked()).length - askedBefore,
    cloudflareMemoryMb: Math.max(cloudflareBefore, cloudflareMb()),
    waited,
    ...lateToEarly(ends.slice(-(names.length || stacks))),
  };
}

/** The first quarter is left out: there the processes start. */
function lateToEarly(ends: readonly number[]): Pick<Measure, "lateToEarly"> {
  const quarter = Math.floor(ends.length / 4);
  if (quarter < 2) return {};
  const between = (from: number, to: number) => (ends[to - 1] ?? 0) - (ends[from - 1] ?? 0);
  const ratio = between(3 * quarter, 4 * quarter) / between(quarter, 2 * quarter);
  return { lateToEarly: Math.round(ratio * 100) / 100 };
}

const failuresIn = (results: readonly Result[]): string =>
  results.flatMap(({ stack, failure }) => (failure ? [`${stack}: ${failure}`] : [])).join("\n");

function configOf(pi: BenchPi, index: number): Record<string, unknown> {
  return {
    pi: {
      host: "127.0.0.1",
      port: pi.port,
      user: "pi",
      hostKey: pi.hostKey.split(" ").slice(0, 2).join(" "),
      privateKey: pi.privateKey,
      openclawPort: 18_789 + 120 * index,
    },
    ...(index >= withTokens && { serviceTokens: [] }),
  };
}
