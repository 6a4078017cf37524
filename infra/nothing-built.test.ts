import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { anyHostKey, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";

const teardown = new AsyncDisposableStack();
afterAll(() => teardown.disposeAsync());

// By itself, since all that runs the program meanwhile would miss the bundle that is taken away.
test("a fresh clone previews with nothing built beforehand and without a Pi", async () => {
  const { account, workspace } = await openCloudStage(236, teardown);
  const stack = await workspace.stack("fresh", {
    "openclaw-gateway:accountId": { value: account.local.accountId },
    "openclaw-gateway:pi.host": { value: "127.0.0.1" },
    "openclaw-gateway:pi.port": { value: "9" },
    "openclaw-gateway:pi.hostKey": { value: anyHostKey },
    "openclaw-gateway:access.emails[0]": { value: "owner@example.com" },
  });
  rmSync(join(import.meta.dirname, "../.build"), { recursive: true, force: true });
  const { changeSummary, stdout } = await stack.preview();
  expect(changeSummary).toEqual({ create: 16 });
  expect(stdout).toContain("cloudflare:index:WorkersScript");
  expect(account.local.resources()).toEqual([]);
});
