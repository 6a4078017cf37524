import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { keepConnectionsApart } from "../../engine/connections.ts";
import { ensureEngine } from "../../engine/index.ts";
import { quiet } from "../../progress.ts";
import { type Providers, startProviders } from "../index.ts";

/** A stack on the real engine with the stand-ins attached, in a folder of its own. */
export interface TestStack {
  readonly stack: Stack;
  /** The stand-ins' working folder, as infra/ is the project's. */
  readonly programFolder: string;
  readonly providers: Providers;
  /** The program for the next operation. */
  use(program: PulumiFn): void;
  /** The recorded state as it lies on disk, secrets encrypted. */
  stateOnDisk(): Promise<string>;
  close(): Promise<void>;
}

export async function openTestStack(apiUrl: string, apiToken = "a".repeat(40)): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-providers-"));
  const programFolder = join(folder, "infra");
  await mkdir(programFolder);
  await mkdir(join(folder, "state"));
  await writeFile(join(folder, "worker.js"), "export default {};");
  const providers = await startProviders({
    env: { CLOUDFLARE_BASE_URL: apiUrl, CLOUDFLARE_API_TOKEN: apiToken },
    progress: quiet,
    cwd: programFolder,
  });
  const engine = await ensureEngine(quiet);
  keepConnectionsApart();
  const pulumiCommand = await PulumiCommand.get({ root: engine.root });
  const envVars = {
    ...providers.env,
    PULUMI_BACKEND_URL: `file://${folder}/state`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_HOME: join(folder, "home"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  let program: PulumiFn = async () => {};
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: "dev", projectName: "test", program: () => program() },
    { pulumiCommand, envVars },
  );
  return {
    stack,
    programFolder,
    providers,
    use(next) {
      program = next;
    },
    stateOnDisk: () => readFile(join(folder, "state/.pulumi/stacks/test/dev.json"), "utf8"),
    async close() {
      await providers.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
