import { alignedTable } from "../table.ts";
import { openStack } from "./open-stack.ts";
import { openFamily } from "./run.ts";
import { atMost } from "./side-by-side.ts";

export interface OutputsOptions {
  readonly all?: boolean;
  readonly parallel: number;
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
  const all = await atMost(options.parallel, stacks, async (stack) => {
    const outputs = await (await openStack(stack, engine)).outputs();
    const shown = Object.entries(outputs).map(
      ([name, { value, secret }]) => [name, secret && !options.showSecrets ? "[secret]" : value] as const,
    );
    return [stack.name, Object.fromEntries(shown)] as const;
  });
  if (options.json) {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
    return 0;
  }
  const rows = all.map(([name, { chatUrl = "not built", apiBaseUrl = "" }]) => [name, chatUrl, apiBaseUrl]);
  process.stdout.write(`\n${alignedTable([["stack", "chat", "API"], ...rows])}\n`);
  return 0;
}
