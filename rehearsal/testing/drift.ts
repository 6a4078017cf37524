import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { expect } from "vitest";

/** That everything is as the last up has left it: a refresh finds nothing changed, and a preview nothing to do. */
export async function expectNoDrift(stack: Stack): Promise<void> {
  const { summary } = await stack.refresh();
  expect(Object.keys(summary.resourceChanges ?? {}), "refresh").toEqual(["same"]);
  expect(Object.keys((await stack.preview()).changeSummary), "preview").toEqual(["same"]);
}
