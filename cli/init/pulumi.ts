import { explainProvider } from "../../infra/cloudflare-refusal.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { run } from "../../rehearsal/engine/run.ts";

/** The longest of these calls waits for a backend on the network. */
const patienceMs = 120_000;

export interface PulumiCall {
  /** What the command reads: the only way of a secret. */
  readonly stdin?: string;
  /** For what builds: other calls have two minutes. */
  readonly timeoutMs?: number;
}

/** The real `pulumi`, in this project's folder and with the stack's backend and passphrase. */
export interface Pulumi {
  /**
   * @returns its standard output
   * @throws Refusal (PULUMI_FAILED) with Pulumi's own words, and what Cloudflare's in them mean
   */
  (args: readonly string[], call?: PulumiCall): Promise<string>;
  /** The same one with more in its environment. */
  with(env: Readonly<Record<string, string>>): Pulumi;
}

/** @param folder the project's, where Pulumi.yaml and the stack files are */
export function pulumiOf(engine: Engine, folder: string, env: Readonly<Record<string, string>> = {}): Pulumi {
  const call = async (args: readonly string[], { stdin, timeoutMs = patienceMs }: PulumiCall = {}) => {
    try {
      return await run(engine.command, [...args, "--non-interactive", "--color=never"], {
        cwd: folder,
        env: { PULUMI_SKIP_UPDATE_CHECK: "true", ...env },
        stdin,
        timeoutMs,
      });
    } catch (error) {
      const words = (error as Error).message.replace(`${engine.command} `, "pulumi ");
      const means = explainProvider(words).flatMap((text) => text.split("\n"));
      throw new Refusal("PULUMI_FAILED", words, ...means);
    }
  };
  return Object.assign(call, {
    with: (more: Readonly<Record<string, string>>) => pulumiOf(engine, folder, { ...env, ...more }),
  });
}
