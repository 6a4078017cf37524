import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { expect } from "vitest";

/** That everything is as the last up has left it: a refresh finds nothing changed, and a preview nothing to do. */
export async function expectNoDrift(stack: Stack): Promise<void> {
  const { summary } = await stack.refresh();
  expect(Object.keys(summary.resourceChanges ?? {}), "refresh").toEqual(["same"]);
  expect(Object.keys((await stack.preview()).changeSummary), "preview").toEqual(["same"]);
}

/** What an up would change of what it finds: inputs, or what is done, by the resource's name; none where all is well. */
export async function changesOf(stack: Stack): Promise<Record<string, readonly string[]>> {
  const seen: Record<string, readonly string[]> = {};
  const onEvent = ({ resourcePreEvent }: EngineEvent) => {
    const { op = "same", urn = "", diffs } = resourcePreEvent?.metadata ?? {};
    const name = urn.split("::").at(-1) ?? "";
    if (!["same", "read", "refresh"].includes(op)) seen[name] = diffs?.length ? diffs : [op];
  };
  await stack.preview({ refresh: true, onEvent });
  return seen;
}
