import { join } from "node:path";
import { type CertificateAuthority, createCertificateAuthority } from "./ca.ts";
import { type LocalCloudflare, startCloudflare } from "./cloudflare/index.ts";
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
  /** Takes it all down, in the reverse order; nothing is left on the machine but the cache. */
  close(): Promise<void>;
}

/** The connector that the rehearsed Pi installs as the package cloudflared. */
const connector = join(import.meta.dirname, "cloudflare/connector/cloudflared");

/**
 * Sets the stage. What is expensive comes from the user's cache folder or goes there.
 *
 * @throws Error in words when this machine cannot (not Linux, not root, no way to an engine); nothing is left then
 */
export async function setStage({
  progress,
  providers,
}: {
  progress: Progress;
  providers: ProviderKind;
}): Promise<Stage> {
  const assets = await prepareHost(progress);
  const engine = await ensureEngine(progress);
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const ca = await createCertificateAuthority();
    const slot = await takeSlot();
    closers.push(() => slot.release());
    const { edgeAddress, streetAddress } = slot;
    const cloudflare = await startCloudflare({ ca, edgeAddress, streetAddress, progress });
    closers.push(() => cloudflare.close());
    const packages = await servePackages({ address: streetAddress, ca, connector });
    closers.push(() => packages.close());
    const host = await startHost(assets, { slot, index: 0, name: "raspberrypi", ca, progress });
    closers.push(() => host.stop());
    const attached = providers === "real" ? undefined : await startProviders({ env: {}, progress });
    if (attached) closers.push(() => attached.close());
    const workspace = await openWorkspace(engine, {
      apiUrl: cloudflare.apiUrl,
      apiToken: cloudflare.apiToken,
      env: attached?.env ?? {},
    });
    closers.push(() => workspace.remove());
    return { engine, ca, cloudflare, host, workspace, close };
  } catch (error) {
    await close();
    throw error;
  }
}
