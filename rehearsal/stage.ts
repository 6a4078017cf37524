import { readFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PiConfig } from "../infra/config.ts";
import { type CertificateAuthority, createCertificateAuthority } from "./ca.ts";
import { cacheRoot } from "./cache.ts";
import { connectorScript, type LocalCloudflare, startCloudflare } from "./cloudflare/index.ts";
import { type Engine, ensureEngine } from "./engine/index.ts";
import { type DebianPackage, ownArchitecture, packConnector } from "./host/deb.ts";
import { type Host, startHost } from "./host/host.ts";
import { borrowMachine } from "./host/other/machine.ts";
import { connectorVersion, servePackages } from "./host/packages.ts";
import { prepareHost } from "./host/prepare.ts";
import { requireMachine } from "./host/requirements.ts";
import { type Slot, takeSlot } from "./host/slot.ts";
import type { Progress } from "./progress.ts";
import { startProviders } from "./providers/index.ts";
import { explainFullDisk } from "./room.ts";
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
  /** Another machine to take instead of a container; where it is, and how to sign in. */
  readonly other?: OtherMachine;
  /** What the package archive has as cloudflared instead of the stand-in. */
  readonly cloudflared?: DebianPackage;
  /**
   * Takes each part down again, in the reverse order, when the caller disposes it: also while the stage is still being
   * set, or after that failed. Nothing is left on the machine then but the cache.
   */
  readonly teardown: AsyncDisposableStack;
}

/** A machine that is somebody's own. */
export interface OtherMachine {
  readonly pi: PiConfig;
  /** The stack that will be built there. */
  readonly stack: string;
  /** Called when the connection to it ends by itself. */
  readonly onLost: (reason: Error) => void;
}

/**
 * Sets the stage. What is expensive comes from the user's cache folder or goes there.
 *
 * @throws Error in words when this machine cannot (not Linux, not root, no way to an engine)
 */
export async function setStage(options: StageOptions): Promise<Stage> {
  try {
    return await set(options);
  } catch (error) {
    throw await explainFullDisk(error, {
      [cacheRoot()]: "what is made once, about 1.5 GB; XDG_CACHE_HOME chooses another place",
      "/run/openclaw-gateway": "what a rehearsal writes",
      [tmpdir()]: "drafts; TMPDIR chooses another place",
    });
  }
}

async function set(options: StageOptions): Promise<Stage> {
  const { progress, providers, teardown } = options;
  const startPi = options.other ? await otherMachine(options, options.other) : await container(options);
  const engine = await ensureEngine(progress);
  const ca = await createCertificateAuthority();
  const slot = await takeSlot();
  teardown.defer(() => slot.release());
  const { edgeAddress, streetAddress } = slot;
  const cloudflare = await startCloudflare({ ca, edgeAddress, streetAddress, folder: slot.folder, progress });
  teardown.defer(() => cloudflare.close());
  const host = await startPi(slot, ca);
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

type StartPi = (slot: Slot, ca: CertificateAuthority) => Promise<Host>;

/** A Debian container on the slot's street, where the package archive is too. */
async function container({ progress, teardown, cloudflared }: StageOptions): Promise<StartPi> {
  const assets = await prepareHost(progress);
  return async (slot, ca) => {
    const deb = cloudflared ?? (await standIn());
    const packages = await servePackages({ address: slot.streetAddress, ca, deb });
    teardown.defer(() => packages.close());
    const packageKey = packages.keyFingerprint;
    return startHost(assets, { slot, index: 0, name: "raspberrypi", ca, packageKey, progress });
  };
}

const standIn = async (): Promise<DebianPackage> =>
  packConnector({
    version: connectorVersion,
    architecture: await ownArchitecture(),
    programs: { "usr/bin/cloudflared": await readFile(connectorScript) },
  });

async function otherMachine({ progress }: StageOptions, other: OtherMachine): Promise<StartPi> {
  await progress.step("this machine's packages", () => requireMachine());
  const connector = fileURLToPath(connectorScript);
  return ({ streetAddress }) => borrowMachine(other.pi, { ...other, streetAddress, connector, progress });
}

/** Where `pulumi up` of this user has its plugins: shared, since they are large and the same for all. */
const userPlugins = (): string => join(process.env.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins");
