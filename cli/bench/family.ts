import { freePlan } from "../../rehearsal/cloudflare/limits.ts";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { type FakeHost, startFakeHost } from "../../rehearsal/providers/testing/fake-host.ts";
import { factLines, goodFacts } from "../../rehearsal/testing/pi-facts.ts";
import type { OperationName, Result } from "../family/operation.ts";
import { openTestHousehold, type TestHousehold } from "../family/testing/household.ts";
import { watchMemory } from "./memory.ts";

export interface FamilyBenchOptions {
  readonly stacks: number;
  readonly parallel: number;
  /** Cloudflare's own window is 300 s; a shorter one has as much less in it. */
  readonly windowSeconds: number;
}

/** What one command on many stacks took. */
export interface Measure {
  readonly what: string;
  readonly stacks: number;
  readonly seconds: number;
  readonly apiCalls: number;
  /** Of the command with all its processes, each page counted once, in MB. */
  readonly peakMemoryMb: number;
  /** Answers 429: none, where the budget holds. */
  readonly refused: number;
}

/** One service token a stack is the default, and an account has 50. */
const withTokens = freePlan.serviceTokens - 5;
/** What of Cloudflare's budget `npm run family` uses by itself. */
const share = 1_000 / 1_200;

/**
 * Builds, looks at, changes and takes down many stacks at the local Cloudflare, with the limits of a free account. Their
 * Pi is an SSH server of this process that answers each step as a Pi would, and runs nothing.
 */
export async function benchFamily(options: FamilyBenchOptions, progress: Progress): Promise<Measure[]> {
  const cloudflare = await startTestCloudflare(170);
  const host = await startFakeHost();
  host.reply = (command) => ({ stdout: answerTo(command) });
  const home = await openTestHousehold(cloudflare);
  try {
    const names = Array.from({ length: options.stacks }, (_, index) => `s${String(index).padStart(3, "0")}`);
    await progress.step(`${names.length} stacks are set up`, async (detail) => {
      for (const [index, name] of names.entries()) {
        detail(name);
        await home.add(name, configOf(host, index));
      }
    });
    const calls = Math.floor((1_200 * options.windowSeconds) / 300);
    cloudflare.local.faults.budget(calls, options.windowSeconds);
    const bench: Bench = { cloudflare, home, progress, ...options, budget: Math.floor(calls * share) };
    const measures = [
      await measure("up --all, new", "up", [], bench),
      await measure("up --all, no change", "up", [], bench),
    ];
    await home.change(names[0] ?? "", { logLevel: "warn" });
    measures.push(await measure("up --all, one changed", "up", [], bench));
    measures.push(await measure("preview of one", "preview", names.slice(0, 1), bench));
    measures.push(await measure("destroy --all", "destroy", [], bench));
    return measures;
  } finally {
    await home.close();
    await host.close();
    await cloudflare.local.close();
  }
}

interface Bench extends FamilyBenchOptions {
  readonly cloudflare: TestCloudflare;
  readonly home: TestHousehold;
  readonly progress: Progress;
  /** Calls in a window. */
  readonly budget: number;
}

async function measure(
  what: string,
  operation: OperationName,
  names: readonly string[],
  { cloudflare, home, progress, parallel, budget, windowSeconds, stacks }: Bench,
): Promise<Measure> {
  const { calls } = cloudflare.local;
  const before = calls.length;
  const words = [
    operation,
    ...(names.length > 0 ? names : ["--all"]),
    "--parallel",
    String(parallel),
    "--json",
  ];
  const limits = ["--api-calls", `${budget}/${windowSeconds}`, "--continue-on-error"];
  const started = performance.now();
  let memory: ReturnType<typeof watchMemory> | undefined;
  const { code, stdout, stderr } = await progress.step(what, (detail) =>
    home.family([...words, ...limits, ...(operation === "preview" ? [] : ["--yes"])], {
      timeoutMs: 60 * 60_000,
      onStderr: (text, child) => {
        memory ??= watchMemory(child.pid as number);
        detail(text.trim().split("\n").at(-1) ?? "");
      },
    }),
  );
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (code !== 0) throw new Error(`${what}: ${failuresIn(stdout) || stderr.slice(-2000)}`);
  const made = calls.slice(before);
  return {
    what,
    stacks: names.length || stacks,
    seconds,
    apiCalls: made.length,
    peakMemoryMb: memory?.stop() ?? 0,
    refused: made.filter(({ status }) => status === 429).length,
  };
}

function failuresIn(stdout: string): string {
  const { results = [] } = JSON.parse(stdout || "{}") as { results?: Result[] };
  return results.flatMap(({ stack, failure }) => (failure ? [`${stack}: ${failure}`] : [])).join("\n");
}

function configOf(host: FakeHost, index: number): Record<string, unknown> {
  return {
    pi: {
      host: "127.0.0.1",
      port: host.port,
      user: "pi",
      hostKey: host.hostKey.split(" ").slice(0, 2).join(" "),
      privateKey: host.privateKey,
      openclawPort: 18_789 + 120 * index,
    },
    ...(index >= withTokens && { serviceTokens: [] }),
  };
}

/** What a Pi answers that has all that is needed, as infra/pi-problems.ts reads it. */
function answerTo(command: string): string {
  if (command.includes(" look ")) return factLines(goodFacts());
  if (command.includes(" openclaw "))
    return `${JSON.stringify({ token: "t".repeat(48), openclaw: "2026.9.6", found: { node: "24.21.0", entry: "", config: "", unit: "" } })}\n`;
  return `${JSON.stringify({ cloudflared: "2026.8.2" })}\n`;
}
