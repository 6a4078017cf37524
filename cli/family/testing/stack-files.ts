import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StackOfFamily } from "../household.ts";

/**
 * Stacks that are no more than their files, which go with the test.
 *
 * @param configs each stack's, by full keys such as `openclaw-gateway:pi`
 */
export async function stackFiles(configs: Readonly<Record<string, object>>): Promise<StackOfFamily[]> {
  const folder = await mkdtemp(join(tmpdir(), "stack-files-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return Promise.all(
    Object.entries(configs).map(async ([name, config]) => {
      const file = join(folder, `Pulumi.${name}.yaml`);
      await writeFile(file, JSON.stringify({ config }));
      return { name, ref: name, backend: "", env: {}, file };
    }),
  );
}
