import { copyFile, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkConfig, namespace } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import { Interrupted } from "../interruption.ts";
import type { Passphrase } from "./passphrase.ts";
import { quoted, shellFilePath } from "./places.ts";
import { changedKeys, type Plan } from "./plan.ts";
import { splitSecrets } from "./secret-values.ts";
import { readStored } from "./stored.ts";

/**
 * Writes a plan: the passphrase's file, the stack, its config. The config is put together in a draft beside the
 * stack's file and takes its place at once, checked as the program will check it, so that a cut leaves the old one.
 * A stack that was new is taken away again when the writing of it fails.
 *
 * @param interrupted aborted by Ctrl-C: what was begun is then taken back
 */
export async function writePlan(plan: Plan, interrupted: AbortSignal): Promise<void> {
  const undo: Undo[] = [];
  try {
    if (plan.passphrase?.isNew) await writePassphrase(plan.passphrase, undo);
    if (!plan.stack.exists) await createStack(plan, undo);
    await writeConfig(plan, interrupted);
    await writeShellFile(plan);
  } catch (error) {
    // The last first, and no further where one fails: a stack that stays needs its passphrase.
    for (const step of undo.toReversed()) await step(error as Error);
    throw error;
  }
}

/** Takes a step back; told why. */
type Undo = (reason: Error) => Promise<void>;

async function writePassphrase({ value, file = "" }: Passphrase, undo: Undo[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Never over a file that came there in the meantime: it may hold the only copy of another passphrase.
  const handle = await open(file, "wx", 0o600);
  undo.push(() => rm(file, { force: true }));
  try {
    await handle.writeFile(`${value}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function createStack({ stack, pulumi, passphrase }: Plan, undo: Undo[]): Promise<void> {
  const before = await readFile(stack.file).catch(() => undefined);
  undo.push(async (reason) => {
    // The stack is empty still: it is refused where it has resources.
    await pulumi(["stack", "rm", stack.name, "--yes"]).catch((error: Error) => {
      if (error.message.includes("no stack named")) return;
      const kept = passphrase?.isNew ? ` Its passphrase is in ${passphrase.file}.` : "";
      throw new Refusal(
        "STACK_LEFT",
        `${reason.message}\n  The new stack ${stack.name} is there, without its config, and could not be removed: ${error.message}.${kept}`,
        `remove it: npx pulumi stack rm ${stack.name}; or run npm run init again, which goes on with it`,
      );
    });
    if (before) await writeFile(stack.file, before);
  });
  await pulumi(["stack", "init", stack.name]).catch((error: Error) => {
    // Somebody else's, made in the meantime: not this one's to take back.
    if (error.message.includes("already exists")) undo.pop();
    throw error;
  });
}

async function writeConfig(plan: Plan, interrupted: AbortSignal): Promise<void> {
  const { stack, pulumi } = plan;
  // The end of the name is what Pulumi knows the format by.
  const draft = join(dirname(stack.file), `.${basename(stack.file, ".yaml")}.draft.yaml`);
  const onDraft = ["--stack", stack.name, "--config-file", draft];
  try {
    await copyFile(stack.file, draft).catch((error: NodeJS.ErrnoException) => {
      // With Pulumi Cloud a stack without config has no file.
      if (error.code !== "ENOENT") throw error;
      return writeFile(draft, "", { mode: 0o600 });
    });
    for (const step of configCalls(plan)) {
      if (interrupted.aborted) throw new Interrupted();
      await pulumi([...step.args, ...onDraft], { stdin: step.stdin });
    }
    const { values } = await readStored(pulumi, stack.name, draft);
    checkConfig(stack.name, values);
    if (interrupted.aborted) throw new Interrupted();
    await rename(draft, stack.file);
  } finally {
    await rm(draft, { force: true });
  }
}

interface ConfigCall {
  readonly args: readonly string[];
  /** A secret: arguments can be read by anyone on the machine. */
  readonly stdin?: string;
}

/** The `pulumi config` calls that bring the stack's config to what was planned. */
function configCalls(plan: Plan): ConfigCall[] {
  const { values, stored, tokenPlace, account } = plan;
  const changed = changedKeys(plan);
  const split = changed.map((key) => ({ key, ...splitSecrets(key, values[key]) }));
  const open = split.map(({ key, open }) => [`${namespace}:${key}`, openValue(open)]);
  const calls: ConfigCall[] = [];
  if (changed.length > 0)
    calls.push({ args: ["config", "set-all", "--json", JSON.stringify(Object.fromEntries(open))] });
  for (const { path, value } of split.flatMap(({ secrets }) => secrets))
    calls.push({
      args: ["config", "set", "--secret", "--raw", "--path", `${namespace}:${path}`],
      stdin: value,
    });
  if (tokenPlace === "stack" && stored.apiToken !== account.token.value)
    calls.push({ args: ["config", "set", "--secret", "cloudflare:apiToken"], stdin: account.token.value });
  if (tokenPlace === "environment" && stored.apiToken !== undefined)
    calls.push({ args: ["config", "rm", "cloudflare:apiToken"] });
  return calls;
}

/** A value as `config set-all --json` takes it, which is as `config --json` gives it. */
function openValue(value: unknown): { value: string; objectValue?: unknown } {
  if (typeof value === "string") return { value };
  return { value: JSON.stringify(value), objectValue: value };
}

/** Lines that tell a shell where this stack's state and passphrase are, so that a new shell needs one line only. */
async function writeShellFile({ backend, stack, passphrase }: Plan): Promise<void> {
  const file = shellFilePath(stack.name);
  const lines = [
    `# For the shell in which Pulumi runs on the stack ${stack.name}: . ${quoted(file)}`,
    `export PULUMI_STACK=${stack.name}`,
    `export PULUMI_BACKEND_URL=${quoted(backend.url)}`,
    ...(passphrase?.file ? [`export PULUMI_CONFIG_PASSPHRASE_FILE=${quoted(passphrase.file)}`] : []),
  ];
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
}
