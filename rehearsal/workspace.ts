import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import {
  type ConfigMap,
  LocalWorkspace,
  PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import gateway from "../infra/index.ts";
import { keepConnectionsApart } from "./engine/connections.ts";
import type { Engine } from "./engine/index.ts";

const root = join(import.meta.dirname, "..");

/** A place of the rehearsal's own for stacks: state, passphrase, config and Pulumi home are not the user's. */
export interface RehearsalWorkspace {
  readonly folder: string;
  /** What the CLI and the Automation API run with. */
  readonly env: Readonly<Record<string, string>>;
  /** The project's program as a stack, run by the Automation API, with this config. */
  stack(name: string, config: ConfigMap): Promise<Stack>;
  remove(): Promise<void>;
}

/** Where Cloudflare is, and what the engine needs to find its plugins. */
export interface WorkspaceSettings {
  /** As CLOUDFLARE_BASE_URL has it. */
  readonly apiUrl: string;
  readonly apiToken: string;
  /** For the engine: the plugins that are attached. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of installed plugins, where some may be looked for and fetched ones are kept. */
  readonly plugins?: string;
  /** Where the workspace's folder is made. */
  readonly parent: string;
}

/**
 * Opens a workspace in a new temporary folder. Its project is this one: Pulumi.yaml and the program are links, so that
 * the engine reads the same settings, and stack files are written beside the links and not into the project.
 */
export async function openWorkspace(
  engine: Engine,
  settings: WorkspaceSettings,
): Promise<RehearsalWorkspace> {
  const folder = await mkdtemp(join(settings.parent, "workspace-"));
  for (const name of ["Pulumi.yaml", "infra", ".build", "package.json", "node_modules"])
    await symlink(join(root, name), join(folder, name));
  const state = join(folder, "state");
  const home = join(folder, "home");
  await mkdir(state);
  await mkdir(home);
  if (settings.plugins !== undefined) {
    await mkdir(settings.plugins, { recursive: true });
    await symlink(settings.plugins, join(home, "plugins"));
  }
  const env = {
    ...settings.env,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("base64url"),
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  keepConnectionsApart();
  const pulumiCommand = await PulumiCommand.get({ root: engine.root });
  return {
    folder,
    env,
    async stack(stackName, config) {
      const stack = await LocalWorkspace.createOrSelectStack(
        { stackName, projectName: "openclaw-gateway", program: gateway },
        { workDir: folder, envVars: env, pulumiCommand },
      );
      // In the stack's config and not in the environment: an inline program runs in this process, whose environment
      // is not the engine's.
      await stack.setAllConfig({
        "cloudflare:baseUrl": { value: settings.apiUrl },
        "cloudflare:apiToken": { value: settings.apiToken, secret: true },
      });
      await stack.setAllConfig(config, true);
      return stack;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
