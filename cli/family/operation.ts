import type { EngineEvent, OpMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { Interrupted } from "../interruption.ts";

export const OPERATIONS = ["up", "preview", "destroy"] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** How an operation on one stack ended. */
export interface Result {
  readonly stack: string;
  readonly status: "ok" | "failed" | "interrupted" | "not started";
  readonly seconds: number;
  /** Resources by what was done with them, or would be: `create`, `update`, `delete`, `same` … */
  readonly changes: Readonly<OpMap>;
  /** Why it failed, in the program's or the provider's words. */
  readonly failure?: string;
}

export interface Watch {
  /** What it is at, such as "creating alice-connector". */
  readonly onStep: (words: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** How long the engine has to say that it has heard the terminal's own Ctrl-C before it is told of it, in ms. */
const hearingMs = process.stdin.isTTY || process.stderr.isTTY ? 1_000 : 0;
/** What it then says (pulumi's pkg/cmd/pulumi, newCancellationScope). */
const heard = "^C received";

const DOING: Readonly<Record<string, string>> = {
  create: "creating",
  update: "updating",
  delete: "deleting",
  replace: "replacing",
  "create-replacement": "creating anew",
  "delete-replaced": "deleting the old",
  read: "reading",
  refresh: "reading",
  import: "importing",
};

/**
 * Runs an operation on a stack to its end. Whatever goes wrong is in the result.
 *
 * @param stackName the stack that `open` opens
 */
export async function operate(
  name: OperationName,
  stackName: string,
  open: () => Promise<Stack>,
  { onStep, signal }: Watch,
): Promise<Result> {
  const started = performance.now();
  const errors: string[] = [];
  let changes: OpMap = {};
  const told = new AbortController();
  let hasHeard = false;
  // A terminal's Ctrl-C reaches the engine by itself, and a second one would end it in the middle of a step.
  const onAbort = () =>
    setTimeout(() => {
      if (!hasHeard) told.abort();
    }, hearingMs).unref();
  signal.addEventListener("abort", onAbort);
  const onOutput = (text: string) => {
    if (!text.includes(heard)) return;
    hasHeard = true;
    onStep("stopping after this step");
  };
  const onEvent = ({ resourcePreEvent, diagnosticEvent, summaryEvent }: EngineEvent) => {
    const { op = "", urn = "" } = resourcePreEvent?.metadata ?? {};
    if (DOING[op]) onStep(`${DOING[op]} ${urn.split("::").at(-1)}`);
    if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message.trim());
    if (diagnosticEvent?.ephemeral) onStep(diagnosticEvent.message.trim().split("\n")[0] ?? "");
    if (summaryEvent) changes = summaryEvent.resourceChanges ?? {};
  };
  const ended = (status: Result["status"], failure?: string): Result => ({
    stack: stackName,
    status,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    changes,
    ...(failure !== undefined && { failure }),
  });
  try {
    if (signal.aborted) throw new Interrupted();
    const stack = withoutSummary(await open());
    await stack[name]({ onEvent, onOutput, onError: onOutput, signal: told.signal, color: "never" });
    // A destroy that was stopped half-way ends without an error (engine v3.259).
    return ended(hasHeard ? "interrupted" : "ok");
  } catch (error) {
    if (signal.aborted) return ended("interrupted");
    return ended("failed", whatWentWrong(errors, error as Error));
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * After an up or a destroy the SDK asks three commands more for the stack's outputs, with their secrets, and its history.
 * Nobody here wants them, and each opens the state anew.
 */
const withoutSummary = (stack: Stack): Stack =>
  Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });

/** The engine's own errors where there are some; the last of them only sums up ("update failed"). */
function whatWentWrong(errors: readonly string[], { message }: Error): string {
  const telling = errors.filter((text) => !/^(update|preview|destroy) failed$/.test(text));
  if (telling.length > 0) return [...new Set(telling)].join("\n");
  // A command that failed before there was an operation: the end of its standard error says why.
  const said = /\n stderr: ([\s\S]*?)\n err\?: /.exec(message)?.[1]?.trim();
  return (said || message).replace(/^error: /, "");
}
