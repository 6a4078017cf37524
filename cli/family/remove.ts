import { bundleWorker } from "../../contract/bundle.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { personAtTerminal } from "../init/person.ts";
import { projectFolder } from "../init/places.ts";
import { pulumiOf } from "../init/pulumi.ts";
import { readStored } from "../init/stored.ts";
import { Interrupted } from "../interruption.ts";
import { terminalProgress } from "../terminal.ts";
import type { StackOfFamily } from "./household.ts";
import { apiWith } from "./look.ts";
import type { Removal } from "./removal.ts";
import { inTurn } from "./removal-steps.ts";
import { planForPerson } from "./remove-person.ts";
import { planForStack } from "./remove-stack.ts";
import { openFamily } from "./run.ts";
import { gatewayConfig, refuseWatched } from "./shared-stacks.ts";
import { openSlot } from "./slots.ts";
import { interruptedBySignals } from "./stopping.ts";

export interface RemoveOptions {
  /** One of the stack's people, who loses their access while the stack stays. */
  readonly person?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Removes a stack with all that its people hold, or one person from a stack that stays. What remains is listed. The
 * same command again goes on with one that was stopped.
 *
 * @returns the exit code
 */
export async function remove(name: string, options: RemoveOptions): Promise<number> {
  const { engine, stacks, all } = await openFamily([name], {});
  const [stack] = stacks as [StackOfFamily];
  const pulumi = pulumiOf(engine, projectFolder()).with(stack.env);
  const { values, apiToken, baseUrl } = await readStored(pulumi, stack.ref);
  const config = gatewayConfig(name, values);
  const person = options.person?.toLowerCase();
  if (person === undefined) await refuseWatched(stacks, all, engine);
  await agree(name, options);
  const signal = interruptedBySignals();
  const removal: Removal = {
    stack,
    others: all.filter((one) => one !== stack),
    config,
    api: apiWith(apiToken, baseUrl),
    pulumi,
    run: (operation, detail) => runOn(stack, engine, operation, { detail, signal }),
    signal,
  };
  const plan = person === undefined ? await planForStack(removal) : await planForPerson(person, removal);
  const again = `npm run family -- remove ${name}${person === undefined ? "" : ` --person ${person}`}`;
  const { progress } = terminalProgress();
  const notes = await inTurn(plan.steps, { progress, signal, again });
  const remains = [...notes, ...plan.remains];
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: true, remains }, null, 2)}\n`);
  else process.stdout.write(`\nWhat remains:\n${remains.map((line) => `  ${line}`).join("\n")}\n`);
  return 0;
}

async function agree(name: string, { person, yes = false }: RemoveOptions): Promise<void> {
  if (yes) return;
  const what = person
    ? `${person} from the stack ${name}`
    : `the stack ${name}, with its tunnel, its address and its tokens`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Refusal("AGREEMENT_MISSING", `there is nobody to ask whether to remove ${what}`, "add --yes");
  if (!(await personAtTerminal().agree(`Remove ${what}?`, false)))
    throw new Interrupted("Nothing was removed.");
}

/** @throws Error with what the engine said, or Interrupted */
async function runOn(
  stack: StackOfFamily,
  engine: Engine,
  operation: "up" | "destroy",
  { detail, signal }: { detail: (words: string) => void; signal: AbortSignal },
): Promise<void> {
  const slot = openSlot(signal);
  try {
    const { status, failure } = await slot.run(
      { operation, stack, engine, bundle: await bundleWorker() },
      detail,
    );
    if (status === "interrupted") throw new Interrupted(failure);
    if (status !== "ok") throw new Error(failure);
  } finally {
    await slot.close();
  }
}
