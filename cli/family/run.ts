import { bundleWorker } from "../../contract/bundle.ts";
import { Refusal } from "../../infra/refusal.ts";
import { ensureEngine } from "../../rehearsal/engine/index.ts";
import { personAtTerminal } from "../init/person.ts";
import { projectFolder } from "../init/places.ts";
import { pulumiOf } from "../init/pulumi.ts";
import { Interrupted } from "../interruption.ts";
import { styled, terminalProgress } from "../terminal.ts";
import { type AccountApi, accountApi } from "./account-api.ts";
import { openBoard } from "./board.ts";
import { type Allowance, openBudget, usualAllowance, waitWords } from "./budget.ts";
import { refuseConflicts } from "./conflicts.ts";
import { chosen, household, type StackOfFamily } from "./household.ts";
import { openLookups } from "./lookups.ts";
import { type OperationName, type Result, untouched } from "./operation.ts";
import { otherRuns } from "./other-runs.ts";
import { resultTable } from "./report.ts";
import { roomProblems } from "./room.ts";
import { inWaves, refuseNamed, refuseWatched } from "./shared-stacks.ts";
import { sideBySide } from "./side-by-side.ts";
import { openSlots } from "./slots.ts";
import { interruptedBySignals } from "./stopping.ts";

export interface RunOptions {
  readonly all?: boolean;
  readonly parallel: number;
  /** Calls to Cloudflare's API that it may use; else as many as may be. */
  readonly apiCalls?: Allowance;
  readonly continueOnError?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const ASKS: Readonly<Record<OperationName, string | undefined>> = {
  up: "Build or change",
  preview: undefined,
  destroy: "Take off, from Cloudflare and from the Pi,",
};

/** Finds the engine, the stacks that are meant, and all that there are. */
export async function openFamily(names: readonly string[], { all = false }: { all?: boolean }) {
  if (names.length > 0 === all)
    throw new Refusal(
      "STACKS_NOT_NAMED",
      all ? "name stacks or give --all, not both" : "no stack is named",
      "npm run family -- status --all shows which there are",
    );
  const { progress } = terminalProgress();
  const engine = await ensureEngine(progress);
  const stacks = await progress.step("looking which stacks there are", () =>
    household(pulumiOf(engine, projectFolder())),
  );
  return { engine, stacks: chosen(stacks, names), all: stacks };
}

/**
 * Runs an operation on stacks, side by side.
 *
 * @returns the exit code: 0 when all went well, 1 when any failed, 130 after Ctrl-C
 */
export async function runOperation(
  operation: OperationName,
  names: readonly string[],
  options: RunOptions,
): Promise<number> {
  const { engine, stacks, all } = await openFamily(names, options);
  if (operation !== "destroy") await refuseConflicts(all);
  if (operation === "destroy") {
    await refuseWatched(stacks, all, engine);
    await refuseNamed(stacks, all, engine);
  }
  const account = await accountApi(stacks, engine);
  if (operation === "up") await warnOfLittleRoom(stacks, account);
  await agree(operation, stacks, options);
  const interruption = interruptedBySignals();
  const board = openBoard(stacks.length);
  const budget = openBudget(options.apiCalls ?? usualAllowance, interruption, otherRuns(account.api));
  // Once for all of them.
  const bundle = await bundleWorker();
  const lookups = openLookups();
  const open = () => {
    const slot = openSlots(interruption, lookups);
    const run = async (stack: StackOfFamily): Promise<Result> => {
      try {
        return await slot.run({ operation, stack, engine, bundle }, (words) => board.step(stack.name, words));
      } catch (error) {
        // The process has ended, and with it this stack's operation alone.
        return untouched(stack.name, "failed", (error as Error).message);
      }
    };
    return {
      async run(name: string): Promise<Result> {
        const [stack] = chosen(stacks, [name]) as [StackOfFamily];
        board.started(name);
        const spent = await budget.take(operation, (seconds) => board.step(name, waitWords(seconds)));
        const result = await run(stack);
        spent(result);
        board.ended(result);
        return result;
      },
      close: () => slot.close(),
    };
  };
  const { parallel, continueOnError = false } = options;
  const done: Result[] = [];
  try {
    for (const wave of await inWaves(operation, stacks)) {
      const stopped = !continueOnError && done.some(({ status }) => status !== "ok");
      const signal = stopped ? AbortSignal.abort() : interruption;
      const names = wave.map(({ name }) => name);
      done.push(...(await sideBySide(names, { parallel, continueOnError, signal }, open)));
    }
  } finally {
    board.close();
  }
  const results = stacks.flatMap(({ name }) => done.filter(({ stack }) => stack === name));
  if (options.json) process.stdout.write(`${JSON.stringify({ operation, results }, null, 2)}\n`);
  else process.stdout.write(`\n${resultTable(operation, results, process.stdout)}\n`);
  if (interruption.aborted) return 130;
  return results.every(({ status }) => status === "ok") ? 0 : 1;
}

/** Asked with the first stack's token; where that may not, or cannot, each up says so itself. */
async function warnOfLittleRoom(
  stacks: readonly StackOfFamily[],
  { api, accountId }: AccountApi,
): Promise<void> {
  if (stacks.length < 2 || accountId === undefined) return;
  const notes = await roomProblems(stacks, accountId, api).catch(() => []);
  for (const note of notes) process.stderr.write(`${styled("yellow", note, process.stderr)}\n`);
}

async function agree(
  operation: OperationName,
  stacks: readonly StackOfFamily[],
  { yes = false }: RunOptions,
): Promise<void> {
  const ask = ASKS[operation];
  if (!ask || yes || stacks.length === 0) return;
  const list = stacks.map(({ name }) => name).join(", ");
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Refusal(
      "AGREEMENT_MISSING",
      `there is nobody to ask whether to ${operation} ${list}`,
      `add --yes: npm run family -- ${operation} … --yes`,
    );
  if (!(await personAtTerminal().agree(`${ask} ${list}?`, operation !== "destroy"))) throw new Interrupted();
}
