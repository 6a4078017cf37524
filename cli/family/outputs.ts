import { alignedTable } from "../table.ts";
import { openStack } from "./open-stack.ts";
import { openFamily } from "./run.ts";

/** How many stacks at the same time: each opens an engine of its own. */
const atOnce = 4;

export interface OutputsOptions {
  readonly all?: boolean;
  readonly showSecrets?: boolean;
  readonly json?: boolean;
}

/**
 * Shows what stacks put out: as a table the addresses, with --json everything.
 *
 * @returns the exit code
 */
export async function showOutputs(names: readonly string[], options: OutputsOptions): Promise<number> {
  const { engine, stacks } = await openFamily(names, options);
  const found = new Map<string, Record<string, string>>();
  const waiting = stacks[Symbol.iterator]();
  const readOn = async () => {
    for (const stack of waiting) {
      const outputs = await (await openStack(stack, engine)).outputs();
      const shown = Object.entries(outputs).map(
        ([name, { value, secret }]) => [name, secret && !options.showSecrets ? "[secret]" : value] as const,
      );
      found.set(stack.name, Object.fromEntries(shown));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readOn));
  const all = stacks.map(({ name }) => [name, found.get(name) ?? {}] as const);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
    return 0;
  }
  const rows = all.map(([name, { chatUrl = "not built", apiBaseUrl = "" }]) => [name, chatUrl, apiBaseUrl]);
  process.stdout.write(`\n${alignedTable([["stack", "chat", "API"], ...rows])}\n`);
  return 0;
}
