import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CertificateAuthority, createCertificateAuthority } from "./ca.ts";
import { connectorScript, type LocalCloudflare, startCloudflare } from "./cloudflare/index.ts";
import { type Engine, ensureEngine } from "./engine/index.ts";
import { type Host, startHost } from "./host/host.ts";
import { servePackages } from "./host/packages.ts";
import { prepareHost } from "./host/prepare.ts";
import { takeSlot } from "./host/slot.ts";
import type { Progress } from "./progress.ts";
import { startProviders } from "./providers/index.ts";
import { openWorkspace, type RehearsalWorkspace } from "./workspace.ts";

export type ProviderKind = "stand-ins" | "real";

/** Everything the program needs around it, running on this machine: engine, Cloudflare, a Pi, a place for stacks. */
export interface Stage {
  readonly engine: Engine;
  readonly ca: CertificateAuthority;
  readonly cloudflare: LocalCloudflare;
  readonly host: Host;
  readonly workspace: RehearsalWorkspace;
}

export interface StageOptions {
  readonly progress: Progress;
  readonly providers: ProviderKind;
  /**
   * Takes each part down again, in the reverse order, when the caller disposes it: also while the stage is still being
   * set, or after that failed. Nothing is left on the machine then but the cache.
   */
  readonly teardown: AsyncDisposableStack;
}

/**
 * Sets the stage. What is expensive comes from the user's cache folder or goes there.
 *
 * @throws Error in words when this machine cannot (not Linux, not root, no way to an engine)
 */
export async function setStage({ progress, providers, teardown }: StageOptions): Promise<Stage> {
  const assets = await prepareHost(progress);
  const engine = await ensureEngine(progress);
  const ca = await createCertificateAuthority();
  const slot = await takeSlot();
  teardown.defer(() => slot.release());
  const { edgeAddress, streetAddress } = slot;
  const cloudflare = await startCloudflare({ ca, edgeAddress, streetAddress, folder: slot.folder, progress });
  teardown.defer(() => cloudflare.close());
  const packages = await servePackages({
    address: streetAddress,
    ca,
    connector: fileURLToPath(connectorScript),
  });
  teardown.defer(() => packages.close());
  const host = await startHost(assets, { slot, index: 0, name: "raspberrypi", ca, progress });
  teardown.defer(() => host.stop());
  const attached = providers === "real" ? undefined : await startProviders({ env: {}, progress });
  if (attached) teardown.defer(() => attached.close());
  const { apiUrl, apiToken } = cloudflare;
  const workspace = await openWorkspace(engine, {
    apiUrl,
    apiToken,
    env: attached?.env ?? {},
    plugins: providers === "real" ? userPlugins() : undefined,
    parent: slot.folder,
  });
  teardown.defer(() => workspace.remove());
  return { engine, ca, cloudflare, host, workspace };
}

/** Where `pulumi up` of this user has its plugins: shared, since they are large and the same for all. */
const userPlugins = (): string => join(process.env.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins");
