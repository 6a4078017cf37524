import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { fromGo } from "./go.ts";
import { fromNpm } from "./npm.ts";
import { fromPath } from "./path.ts";
import { run } from "./run.ts";

/** A Pulumi command line that works. */
export interface Engine {
  /** The folder whose `bin/pulumi` is the command line, as `PulumiCommand.get({ root })` wants it. */
  readonly root: string;
  /** The command itself. */
  readonly command: string;
  /** Such as `v3.259.0`. */
  readonly version: string;
  readonly origin: "path" | "npm" | "go";
  /**
   * A folder to put on the PATH for `pulumi up` of a Node program, with a stand-in for `pulumi-language-nodejs`:
   * only when the engine has none of its own. The Automation API's inline programs need none.
   */
  readonly languageHost: string | undefined;
}

/**
 * Finds an engine, or makes one: `pulumi` on the PATH, else the official npm launcher, which downloads the release,
 * else built once from its Go module and kept in the user's cache.
 *
 * @throws one sentence that says what is needed when none of the three can be had
 */
export async function ensureEngine(progress: Progress): Promise<Engine> {
  return progress.step("Pulumi engine", async (detail) => {
    const found =
      (await described("path", await fromPath())) ?? (await described("npm", await fromNpm(detail)));
    if (found) return found;
    const built = await described("go", await fromGo(detail));
    if (built) return built;
    throw new Error(
      "No Pulumi engine: there is no `pulumi` on the PATH, its release cannot be downloaded, and there is no Go to build it with. Install Pulumi (https://www.pulumi.com/docs/install/) or Go (https://go.dev/dl/) and run this again.",
    );
  });
}

async function described(origin: Engine["origin"], root: string | undefined): Promise<Engine | undefined> {
  if (!root) return undefined;
  const command = join(root, "bin/pulumi");
  const version = await run(command, ["version"], {
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: 30_000,
  });
  const own = await access(join(root, "bin/pulumi-language-nodejs"), constants.X_OK).then(
    () => true,
    () => false,
  );
  return { root, command, version, origin, languageHost: own ? undefined : import.meta.dirname };
}
