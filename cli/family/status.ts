import { bundleWorker } from "../../contract/bundle.ts";
import { alignedTable } from "../table.ts";
import { accountApi } from "./account-api.ts";
import { openBoard } from "./board.ts";
import { type Allowance, openBudget, usualAllowance, waitWords } from "./budget.ts";
import { chosen, type StackOfFamily } from "./household.ts";
import { lastProbes } from "./last-probe.ts";
import { lookAt, type Sight } from "./look.ts";
import { openLookups } from "./lookups.ts";
import { type Result, untouched } from "./operation.ts";
import { otherRuns } from "./other-runs.ts";
import { openFamily } from "./run.ts";
import { sideBySide } from "./side-by-side.ts";
import { openSlots } from "./slots.ts";

export interface StatusOptions {
  readonly all?: boolean;
  readonly parallel: number;
  /** Calls to Cloudflare's API that it may use; else as many as may be. */
  readonly apiCalls?: Allowance;
  readonly quick?: boolean;
  readonly json?: boolean;
}

/**
 * Shows how each stack is.
 *
 * @returns the exit code: 0 where every gateway that is built is ready, 1 where one is not, or could not be looked at
 */
export async function showStatus(names: readonly string[], options: StatusOptions): Promise<number> {
  const { engine, stacks, all } = await openFamily(names, { all: options.all || names.length === 0 });
  const board = openBoard(stacks.length);
  const sights = new Map<string, Sight>();
  const bundle = options.quick ? undefined : await bundleWorker();
  const never = new AbortController().signal;
  const lookups = openLookups();
  const { api } = await accountApi(stacks, engine);
  const budget = openBudget(options.apiCalls ?? usualAllowance, never, otherRuns(api));
  const look = async (name: string, pending: () => Promise<number | undefined>): Promise<Result> => {
    const started = performance.now();
    const [stack] = chosen(stacks, [name]) as [StackOfFamily];
    const ended = (status: Result["status"], failure?: string): Result => {
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      return { ...untouched(name, status, failure), seconds };
    };
    board.started(name);
    let result: Result;
    try {
      const looked = async () => {
        const spent = await budget.take("look", (seconds) => board.step(name, waitWords(seconds)));
        return lookAt(stack, engine).finally(() => spent(untouched(name, "ok")));
      };
      const [sight, changes] = await Promise.all([looked(), pending()]);
      sights.set(name, { ...sight, pending: changes });
      result = ended("ok");
    } catch (error) {
      sights.set(name, { stack: name, isBuilt: false, trouble: wordsOf(error as Error) });
      result = ended("failed", wordsOf(error as Error));
    }
    board.ended(result);
    return result;
  };
  const probes = lastProbes(all, engine);
  await sideBySide(
    stacks.map(({ name }) => name),
    { parallel: options.parallel, continueOnError: true, signal: never },
    () => {
      const slot = bundle && openSlots(never, lookups);
      const pending = async (name: string) => {
        if (!slot) return undefined;
        const [stack] = chosen(stacks, [name]) as [StackOfFamily];
        const spent = await budget.take("preview", (seconds) => board.step(name, waitWords(seconds)));
        let result = untouched(name, "failed");
        try {
          result = await slot.run({ operation: "preview", stack, engine, bundle }, (words) =>
            board.step(name, words),
          );
        } finally {
          spent(result);
        }
        const { status, changes } = result;
        if (status !== "ok") return undefined;
        const { same: _, ...others } = changes;
        return Object.values(others).reduce((sum, count) => sum + count, 0);
      };
      return { run: (name) => look(name, () => pending(name)), close: async () => slot?.close() };
    },
  ).finally(() => board.close());
  const lastOnes = await probes;
  const list = stacks.flatMap(({ name }): Sight[] => {
    const [sight, lastProbe] = [sights.get(name), lastOnes.get(name)];
    return sight ? [{ ...sight, ...(lastProbe && { lastProbe }) }] : [];
  });
  process.stdout.write(options.json ? `${JSON.stringify(list, null, 2)}\n` : `\n${statusTable(list)}\n`);
  return list.every(isWell) ? 0 : 1;
}

/** Where there is no token to ask the gateway with, its tunnel is all that can be asked for. */
export const isWell = ({ isBuilt, offers, gateway, tunnel, trouble, strangers = [] }: Sight): boolean =>
  !trouble &&
  strangers.length === 0 &&
  (!isBuilt || offers !== undefined || (gateway ?? (tunnel === "healthy" && "ready")) === "ready");

const wordsOf = ({ message }: Error): string =>
  (/\n stderr: (?:error: )?(.*)/.exec(message)?.[1] ?? message.split("\n")[0] ?? "").trim();

/** One line for each stack; what is not known stays empty. */
export function statusTable(sights: readonly Sight[], now = Date.now()): string {
  const rows = sights.map((sight) => [
    sight.stack,
    sight.trouble ?? (sight.isBuilt ? (sight.gateway ?? sharing(sight.offers)) : "not built"),
    sight.lastProbe ? `${sight.lastProbe.found}, ${ago(sight.lastProbe.at, now)}` : "",
    `${sight.tunnel ?? ""}${sight.strangers?.length ? ", STRANGERS" : ""}`,
    sight.openclaw ?? "",
    sight.cloudflared ?? "",
    sight.changedAt ? `${daysAgo(sight.changedAt, now)}, ${sight.lastResult}` : "",
    oldestOf(sight.secrets),
    firstEnd(sight.secrets, now),
    sight.pending === undefined ? "" : String(sight.pending),
    sight.url ?? "",
  ]);
  const header = [
    "stack",
    "gateway",
    "last probe",
    "tunnel",
    "OpenClaw",
    "cloudflared",
    "last change",
    "oldest secret",
    "first end",
    "pending",
    "URL",
  ];
  const strange = sights.flatMap(({ stack, strangers = [] }) =>
    strangers.map(
      (one) =>
        `${stack}: the connector ${one} is not the Pi's own: npm run rotate -- --stack ${stack} tunnel-token`,
    ),
  );
  const due = sights.flatMap(({ stack, secrets = [] }) =>
    secrets.flatMap(({ target, due, words }) =>
      due ? [`${stack}: ${target}: ${words}: npm run rotate -- --stack ${stack} ${target}`] : [],
    ),
  );
  return [alignedTable([header, ...rows]), ...strange, ...due].join("\n\n");
}

const dayMs = 24 * 60 * 60 * 1000;

function daysAgo(at: string, now: number): string {
  const days = Math.floor((now - Date.parse(at)) / dayMs);
  return days === 0 ? "today" : `${days} ${days === 1 ? "day" : "days"} ago`;
}

/** What a shared stack is there for; of a gateway, why nobody asked it. */
function sharing(offers: Sight["offers"]): string {
  if (!offers) return "no token to ask with";
  const { watches, groups, loginMethods } = offers;
  return [
    watches.length > 0 && `watches ${watches.join(", ")}`,
    groups.length > 0 && `groups ${groups.join(", ")}`,
    loginMethods.length > 0 && `logins ${loginMethods.join(", ")}`,
  ]
    .filter(Boolean)
    .join("; ");
}

function oldestOf(secrets: Sight["secrets"] = []): string {
  const [oldest] = secrets.flatMap(({ days }) => days ?? []).toSorted((one, other) => other - one);
  return oldest === undefined ? "" : `${oldest} ${oldest === 1 ? "day" : "days"}`;
}

function firstEnd(secrets: Sight["secrets"] = [], now: number): string {
  const [first] = secrets.flatMap(({ expiresAt }) => expiresAt ?? []).toSorted();
  return first === undefined ? "" : daysUntil(first, now);
}

/** A probe that is hours old is no news of the gateway, but of the probe. */
function ago(at: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (minutes < 1) return "now";
  return minutes < 120 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

function daysUntil(at: string, now: number): string {
  const days = Math.floor((Date.parse(at) - now) / dayMs);
  return days < 0 ? "expired" : `in ${days} ${days === 1 ? "day" : "days"}`;
}
