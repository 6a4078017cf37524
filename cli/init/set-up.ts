import { ensureEngine } from "../../rehearsal/engine/index.ts";
import { Interrupted } from "../interruption.ts";
import { terminalProgress } from "../terminal.ts";
import { personAtTerminal } from "./person.ts";
import { projectFolder } from "./places.ts";
import { makePlan } from "./plan.ts";
import { type Pulumi, pulumiOf } from "./pulumi.ts";
import type { Options, Setup } from "./setup.ts";
import type { Stored } from "./stored.ts";
import { farewell, nextSteps, summaryOf } from "./words.ts";
import { writePlan } from "./write.ts";

export interface SetUp {
  readonly options: Options;
  /**
   * What a new stack has in common with others, and answers that its name and others' lead to.
   *
   * @param pulumi without a backend of its own yet
   */
  readonly inherit?: (pulumi: Pulumi) => Promise<{ options: Options; inherited: Stored | undefined }>;
  /** Ends the process as an interrupted one; not called while the stack is written, which is first taken back. */
  readonly onInterrupt: () => void;
}

/** Asks, checks and writes a stack, and says what to do next. */
export async function setUp({ options: given, inherit, onInterrupt }: SetUp): Promise<void> {
  const interruption = new AbortController();
  let writing = false;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      interruption.abort();
      if (!writing) onInterrupt();
    });
  const { progress } = terminalProgress();
  const hasTerminal = process.stdin.isTTY && process.stderr.isTTY;
  const person = hasTerminal && !given.yes ? personAtTerminal() : undefined;
  const engine = await ensureEngine(progress);
  const pulumi = pulumiOf(engine, projectFolder());
  const { options, inherited } = (await inherit?.(pulumi)) ?? { options: given, inherited: undefined };
  const setup: Setup = { options, person, progress };
  const plan = await makePlan(setup, pulumi, inherited);
  process.stderr.write(`\n${summaryOf(plan)}\n\n`);
  if (person && !(await person.agree("Write this?"))) throw new Interrupted();
  writing = true;
  await progress.step(`writing the stack ${plan.stack.name}`, () => writePlan(plan, interruption.signal));
  if (options.json) {
    const { stack, backend } = plan;
    process.stdout.write(
      `${JSON.stringify({ ok: true, stack: stack.name, backend: backend.url, next: nextSteps(plan).map(({ line }) => line) }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(`\n${farewell(plan)}\n`);
  }
}
