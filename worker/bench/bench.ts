import { Agent } from "node:http";
import type { Progress } from "../../rehearsal/progress.ts";
import { createTeam } from "../testing/access.ts";
import { CLIENT_ADDRESS } from "../testing/gateway.ts";
import { globalScopeMs } from "./global-scope.ts";
import { drive, type Load, type Measure } from "./load.ts";
import { firstChunks, roundTrips } from "./moments.ts";
import { median } from "./statistics.ts";
import { type Field, startField, type WorkerName } from "./variants.ts";

export interface BenchOptions {
  /** How often everything is measured, one after the other, so that what else the machine does meets all alike. */
  readonly rounds: number;
  /** Requests of one measurement of small answers. */
  readonly amount: number;
  readonly connections: number;
}

/** Loads and moments that are measured, each with what it is compared between. */
export type Target = "origin" | WorkerName;

/** Medians over the rounds, by scenario and target. */
export interface Report {
  readonly loads: Readonly<Record<string, Readonly<Partial<Record<Target, Measure>>>>>;
  readonly moments: Readonly<Record<string, Readonly<Partial<Record<WorkerName, number>>>>>;
  /** Against the bare Worker: medians of each round's own ratio or difference. */
  readonly ratios: Ratios;
}

export interface Ratios {
  /** Throughput as a part of the bare Worker's: 1 KB of JSON, the same person's token. */
  readonly throughput: number;
  readonly throughputAllDifferent: number;
  readonly throughputEverything: number;
  /** The same as `throughputEverything`, against a bare Worker that asks the same rate limits first. */
  readonly throughputEverythingButLimits: number;
  /** What a first gateway reaches, which verifies each token anew with keys that it fetches anew. */
  readonly throughputTutorial: number;
  /** The same for a chat, whose body is read and written anew. */
  readonly throughputChat: number;
  readonly throughputChatEverything: number;
  /** The same for 1 MB. */
  readonly throughputMegabyte: number;
  readonly throughputMegabyteEverything: number;
  /** p99 latency as a multiple of the bare Worker's. */
  readonly p99: number;
  /** First streamed bytes and WebSocket round trip, in ms later than the bare Worker's. */
  readonly firstChunkMs: number;
  readonly roundTripMs: number;
  /** Mean CPU of the Worker's process for a request, in ms, with everything on. */
  readonly cpuMsPerRequest: number;
  readonly globalScopeMs: number;
}

/** Measures everything. @throws Error when a Worker does not answer as it should */
export async function bench(options: BenchOptions, progress: Progress): Promise<Report> {
  await using teardown = new AsyncDisposableStack();
  const team = await createTeam();
  const field = await progress.step("origin and Workers start", () => startField(team, teardown));
  const agent = new Agent({ keepAlive: true });
  teardown.defer(() => agent.destroy());
  const headers = {
    "x-forwarded-proto": "https",
    host: "claw.example.com",
    "cf-connecting-ip": CLIENT_ADDRESS,
    "cf-access-jwt-assertion": await team.person({ exp: Math.floor(Date.now() / 1000) + 86_400 }),
  };
  const scenarios = scenariosOf(headers, options);
  const rounds: Round[] = [];
  for (let number = 0; number <= options.rounds; number++) {
    const name = number === 0 ? "warm-up" : `round ${number} of ${options.rounds}`;
    await progress.step(name, async (detail) => {
      const fresh = await freshTokens(options.amount, (count) =>
        team.person({ jti: `${number}-${count}`, exp: Math.floor(Date.now() / 1000) + 86_400 }),
      );
      const round = await oneRound({ field, scenarios, fresh, headers, agent, detail });
      if (number > 0) rounds.push(round);
    });
  }
  const scope = await progress.step("global scope", () => globalScopeMs());
  return reportOf(rounds, scope);
}

const COMPARED = ["bare", "gateway", "everything"] as const satisfies WorkerName[];

/** The loads, by name, with the targets that are compared. */
type Scenarios = Readonly<Record<string, { readonly load: Load; readonly targets: readonly Target[] }>>;

function scenariosOf(headers: Load["headers"], { amount, connections }: BenchOptions): Scenarios {
  const json: Load = { method: "GET", path: "/v1/models/openclaw", headers, connections, amount };
  const chat: Load = {
    ...json,
    method: "POST",
    path: "/v1/chat/completions",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: "x".repeat(940) }] }),
  };
  const megabyte: Load = {
    ...json,
    path: "/assets/megabyte.js",
    connections: 8,
    amount: Math.ceil(amount / 16),
  };
  const workers = COMPARED;
  return {
    json: { load: json, targets: ["origin", ...workers, "bareLimited", "tutorial"] },
    "json, all tokens different": { load: json, targets: ["bare", "gateway"] },
    chat: { load: chat, targets: workers },
    "1 MB": { load: megabyte, targets: workers },
  };
}

async function freshTokens(count: number, sign: (count: number) => Promise<string>): Promise<string[]> {
  const tokens: string[] = [];
  for (let signed = 0; signed < count; signed += 64) {
    tokens.push(...(await Promise.all(Array.from({ length: 64 }, (_, index) => sign(signed + index)))));
  }
  return tokens;
}

interface Round {
  readonly loads: Record<string, Partial<Record<Target, Measure>>>;
  readonly moments: Record<string, Partial<Record<WorkerName, number>>>;
}

async function oneRound(parts: {
  readonly field: Field;
  readonly scenarios: Scenarios;
  readonly fresh: readonly string[];
  readonly headers: Load["headers"];
  readonly agent: Agent;
  readonly detail: (text: string) => void;
}): Promise<Round> {
  const { field, scenarios, fresh, headers, agent, detail } = parts;
  const round: Round = { loads: {}, moments: { firstChunk: {}, roundTrip: {} } };
  for (const [name, { load, targets }] of Object.entries(scenarios)) {
    const measures: Partial<Record<Target, Measure>> = {};
    for (const target of targets) {
      detail(`${name}: ${target}`);
      const worker = target === "origin" ? undefined : field.workers[target];
      let next = 0;
      const nextToken = name.includes("different") ? () => fresh[next++ % fresh.length] ?? "" : undefined;
      measures[target] = await drive(worker?.port ?? field.originPort, { ...load, nextToken }, worker);
    }
    round.loads[name] = measures;
  }
  for (const name of COMPARED) {
    const worker = field.workers[name];
    detail(`first chunk and round trip: ${name}`);
    const origin = { origin: "https://claw.example.com" };
    round.moments.firstChunk = {
      ...round.moments.firstChunk,
      [name]: median(await firstChunks(worker.port, headers, { agent, count: 100 })),
    };
    round.moments.roundTrip = {
      ...round.moments.roundTrip,
      [name]: median(await roundTrips(worker.port, { ...headers, ...origin }, 500)),
    };
  }
  return round;
}

function reportOf(rounds: readonly Round[], globalScope: number): Report {
  const over = (value: (round: Round) => number): number => median(rounds.map(value));
  const measure = (round: Round, scenario: string, target: Target): Measure => {
    const measured = round.loads[scenario]?.[target];
    if (!measured) throw new Error(`${scenario} was not measured for ${target}`);
    return measured;
  };
  const rate = (round: Round, scenario: string, target: Target) =>
    measure(round, scenario, target).requestsPerSecond;
  const throughput = (scenario: string, target: Target) =>
    over((round) => rate(round, scenario, target) / rate(round, scenario, "bare"));
  const moment = (round: Round, name: string, worker: WorkerName) =>
    round.moments[name]?.[worker] ?? Number.NaN;
  const later = (name: string, worker: WorkerName) =>
    over((round) => moment(round, name, worker) - moment(round, name, "bare"));
  const [first] = rounds;
  return {
    loads: Object.fromEntries(
      Object.entries(first?.loads ?? {}).map(([scenario, targets]) => [
        scenario,
        Object.fromEntries(
          (Object.keys(targets) as Target[]).map((target) => [
            target,
            medianMeasure(rounds.map((round) => measure(round, scenario, target))),
          ]),
        ),
      ]),
    ),
    moments: Object.fromEntries(
      Object.entries(first?.moments ?? {}).map(([name, workers]) => [
        name,
        Object.fromEntries(
          (Object.keys(workers) as WorkerName[]).map((worker) => [
            worker,
            over((round) => moment(round, name, worker)),
          ]),
        ),
      ]),
    ),
    ratios: {
      throughput: throughput("json", "gateway"),
      throughputAllDifferent: throughput("json, all tokens different", "gateway"),
      throughputEverything: throughput("json", "everything"),
      throughputEverythingButLimits: over(
        (round) => rate(round, "json", "everything") / rate(round, "json", "bareLimited"),
      ),
      throughputTutorial: throughput("json", "tutorial"),
      throughputChat: throughput("chat", "gateway"),
      throughputChatEverything: throughput("chat", "everything"),
      throughputMegabyte: throughput("1 MB", "gateway"),
      throughputMegabyteEverything: throughput("1 MB", "everything"),
      p99: over((round) => measure(round, "json", "gateway").p99Ms / measure(round, "json", "bare").p99Ms),
      firstChunkMs: later("firstChunk", "gateway"),
      roundTripMs: later("roundTrip", "gateway"),
      cpuMsPerRequest: over((round) => measure(round, "json", "everything").cpuMsPerRequest ?? Number.NaN),
      globalScopeMs: globalScope,
    },
  };
}

const medianMeasure = (measures: readonly Measure[]): Measure => ({
  requestsPerSecond: median(measures.map((measure) => measure.requestsPerSecond)),
  p50Ms: median(measures.map((measure) => measure.p50Ms)),
  p99Ms: median(measures.map((measure) => measure.p99Ms)),
  ...(measures[0]?.cpuMsPerRequest !== undefined && {
    cpuMsPerRequest: median(measures.map((measure) => measure.cpuMsPerRequest ?? Number.NaN)),
  }),
});
