import { readFile } from "node:fs/promises";
import { expanded, passphrasePath } from "../init/places.ts";
import type { StackOfFamily } from "./household.ts";

type Env = Readonly<Record<string, string>>;

/**
 * What opens a stack, as the set-up has recorded it. Pulumi looks at no file where PULUMI_CONFIG_PASSPHRASE is set
 * (pkg/secrets/passphrase): where this shell has one, which may be another stack's, the recorded one is said in its place.
 */
export async function openedBy(recorded: Env, shell: NodeJS.ProcessEnv = process.env): Promise<Env> {
  const { PULUMI_CONFIG_PASSPHRASE_FILE: file } = recorded;
  if (file === undefined || shell.PULUMI_CONFIG_PASSPHRASE === undefined) return recorded;
  // Pulumi trims what it reads from the file in the same way.
  const text = await readFile(expanded(file), "utf8").catch(() => undefined);
  return text === undefined ? recorded : { ...recorded, PULUMI_CONFIG_PASSPHRASE: text.trim() };
}

/**
 * The file of a new stack's passphrase: the family's, where the stack that it takes after has one that is not its own
 * alone; its own, where this shell would give it another stack's; else as the set-up decides.
 */
export function fileForNew(
  name: string,
  model: StackOfFamily,
  all: readonly StackOfFamily[],
  shell: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const ofOne = (file: string) => all.some((stack) => expanded(file) === passphrasePath(stack.name));
  const { PULUMI_CONFIG_PASSPHRASE_FILE: family } = model.env;
  if (family !== undefined && !ofOne(family)) return family;
  const { PULUMI_CONFIG_PASSPHRASE_FILE: here, PULUMI_CONFIG_PASSPHRASE: typed } = shell;
  return here !== undefined && here !== "" && typed === undefined && ofOne(here)
    ? passphrasePath(name)
    : undefined;
}
