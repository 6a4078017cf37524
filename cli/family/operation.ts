import type { EngineEvent, OpMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { explainProvider } from "../../infra/cloudflare-refusal.ts";
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
  /** The names of those that were changed, or would be. */
  readonly changed: readonly Changed[];
  /** What the program and the providers want known though it went on, each once. */
  readonly notes: readonly string[];
  /** Why it failed, in the program's or the provider's words. */
  readonly failure?: string;
}

/** One resource, and what is done with it: `create`, `update`, `replace` or `delete`. */
export interface Changed {
  readonly op: string;
  readonly name: string;
}

/** A result of a stack that nothing was done with. */
export const untouched = (stack: string, status: Result["status"], failure?: string): Result => ({
  stack,
  status,
  seconds: 0,
  changes: {},
  changed: [],
  notes: [],
  ...(failure !== undefined && { failure }),
});

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
/** The steps of a replacement, which has a step of its own too, change nothing that it does not. */
const CHANGES: ReadonlySet<string> = new Set(["create", "update", "replace", "delete", "import"]);

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
  const notes = new Set<string>();
  const changed: Changed[] = [];
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
    const resource = urn.split("::").at(-1) ?? "";
    if (DOING[op]) onStep(`${DOING[op]} ${resource}`);
    if (CHANGES.has(op)) changed.push({ op, name: resource });
    if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message.trim());
    if (diagnosticEvent?.severity === "warning") notes.add(diagnosticEvent.message.trim());
    if (diagnosticEvent?.ephemeral) onStep(diagnosticEvent.message.trim().split("\n")[0] ?? "");
    if (summaryEvent) changes = summaryEvent.resourceChanges ?? {};
  };
  const ended = (status: Result["status"], failure?: string): Result => ({
    stack: stackName,
    status,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    changes,
    changed,
    notes: [...notes],
    ...(failure !== undefined && { failure }),
  });
  try {
    if (signal.aborted) throw new Interrupted();
    const stack = withoutSummary(await open());
    await stack[name]({ onEvent, onOutput, onError: onOutput, signal: told.signal, color: "never" });
    // A destroy that was stopped half-way ends without an error (engine v3.259).
    return ended(hasHeard ? "interrupted" : "ok");
  } catch (error) {
    // What failed before the stop is worth telling; that a stop stopped something is not.
    const failed = errors.filter((text) => !CANCELLED.test(text) && !SUMS_UP.test(text));
    if (signal.aborted)
      return ended(
        "interrupted",
        failed.length > 0 ? whatWentWrong(stackName, failed, error as Error) : undefined,
      );
    return ended("failed", whatWentWrong(stackName, errors, error as Error));
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

const SUMS_UP = /^(update|preview|destroy) failed$/;
/** What a stop makes the engine and the providers say of what it has cut. */
const CANCELLED = /cancell?ed|interrupted by signal/i;

/** The engine's own errors where there are some; the last of them only sums up ("update failed"). */
function whatWentWrong(stack: string, errors: readonly string[], { message }: Error): string {
  const telling = errors.filter((text) => !SUMS_UP.test(text));
  if (telling.length > 0) {
    const said = [...new Set(telling)].join("\n");
    return [said, ...explainProvider(said)].join("\n");
  }
  // A command that failed before there was an operation: the end of its standard error says why.
  const said = /\n stderr: ([\s\S]*?)\n err\?: /.exec(message)?.[1]?.trim();
  const words = (said || message).replace(/^Command failed with exit code .*\n/, "").replace(/^error: /, "");
  if (!/incorrect passphrase|passphrase must be set/.test(words)) return words;
  return [
    `PASSPHRASE_WRONG: the passphrase that is used here does not open the stack ${stack} (${words})`,
    `  say once where its own is: npm run init -- --stack ${stack} --passphrase-file FILE`,
    "  or for this shell: export PULUMI_CONFIG_PASSPHRASE_FILE=FILE",
  ].join("\n");
}
