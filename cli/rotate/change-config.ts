import { copyFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkConfig, namespace } from "../../infra/config.ts";
import { type OpenStack, readStackConfig } from "./open-stack.ts";

/** One key of a stack's config. A secret travels on standard input, where nobody else on the machine reads it. */
export type ConfigChange =
  | { readonly key: string; readonly value: unknown }
  | { readonly path: string; readonly secret: string }
  | { readonly path: string; readonly remove: true };

/** A key of the project's own. */
export const own = (key: string): string => `${namespace}:${key}`;

/**
 * Changes several keys at once: in a draft beside the stack's file, checked as the program will check it, which then
 * takes its place. A cut leaves the file as it was. The Automation API has secrets in arguments, and writes in place.
 */
export async function changeConfig(stack: OpenStack, changes: readonly ConfigChange[]): Promise<void> {
  if (changes.length === 0) return;
  const { name, ref, file, pulumi } = stack;
  // The end of the name is what Pulumi knows the format by.
  const draft = join(dirname(file), `.${basename(file, ".yaml")}.draft.yaml`);
  const onDraft = ["--stack", ref, "--config-file", draft];
  try {
    await copyFile(file, draft);
    const open = changes.flatMap((change) =>
      "value" in change ? [[change.key, openValue(change.value)] as const] : [],
    );
    if (open.length > 0)
      await pulumi(["config", "set-all", "--json", JSON.stringify(Object.fromEntries(open)), ...onDraft]);
    for (const change of changes) {
      if ("secret" in change)
        await pulumi(["config", "set", "--secret", "--path", change.path, ...onDraft], {
          stdin: change.secret,
        });
      if ("remove" in change) await pulumi(["config", "rm", "--path", change.path, ...onDraft]);
    }
    // What the program does not read needs no look.
    if (changes.some((change) => ("value" in change ? change.key : change.path).startsWith(`${namespace}:`)))
      checkConfig(name, (await readStackConfig(stack, draft)).own);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A value as `config set-all --json` takes it. */
const openValue = (value: unknown): { value: string; objectValue?: unknown } =>
  typeof value === "string" ? { value } : { value: JSON.stringify(value), objectValue: value };
