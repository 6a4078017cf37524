import { tmpdir } from "node:os";
import type { LocalCloudflareOptions } from "../cloudflare/index.ts";
import { startTestCloudflare, type TestCloudflare } from "../cloudflare/testing/account.ts";
import { type Engine, ensureEngine } from "../engine/index.ts";
import { quiet } from "../progress.ts";
import { startProviders } from "../providers/index.ts";
import { openWorkspace, type RehearsalWorkspace } from "../workspace.ts";

/** What needs no Pi: the real engine, the local Cloudflare, the stand-ins and a place for stacks. */
export interface CloudStage {
  readonly engine: Engine;
  readonly account: TestCloudflare;
  readonly workspace: RehearsalWorkspace;
}

/** A host key that is well formed and nobody's, for a config whose Pi is never reached. */
export const anyHostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;

/**
 * @param slot where the search for a free slot of the tests begins
 * @param teardown takes each part down again when the test disposes it
 */
export async function openCloudStage(
  slot: number,
  teardown: AsyncDisposableStack,
  options: Partial<LocalCloudflareOptions> = {},
): Promise<CloudStage> {
  const account = await startTestCloudflare(slot, options);
  teardown.defer(() => account.local.close());
  const engine = await ensureEngine(quiet);
  const providers = await startProviders({ env: {}, progress: quiet });
  teardown.defer(() => providers.close());
  const { apiUrl, apiToken } = account.local;
  const workspace = await openWorkspace(engine, { apiUrl, apiToken, env: providers.env, parent: tmpdir() });
  teardown.defer(() => workspace.remove());
  return { engine, account, workspace };
}
