import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, realpath, symlink } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { cached } from "../cache.ts";

/**
 * The root of a `pulumi` that the user has installed. The npm launcher's shim does not count, wherever npm put it: it
 * downloads at first use, which has a turn of its own.
 */
export async function fromPath(path = process.env.PATH ?? ""): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const command = await executable(join(folder, "pulumi"));
    if (!command || isLauncher(command)) continue;
    if (basename(dirname(command)) === "bin") return dirname(dirname(command));
    // The Automation API takes a root with a `bin` below it and nothing else.
    const name = createHash("sha256").update(command).digest("hex").slice(0, 12);
    return cached(`engine-link-${name}`, async (draft) => {
      await mkdir(join(draft, "bin"));
      await symlink(command, join(draft, "bin/pulumi"));
    });
  }
  return undefined;
}

const isLauncher = (command: string): boolean => command.endsWith(join("node_modules", "pulumi", "run.js"));

/** The real path of a file that can be run. */
async function executable(path: string): Promise<string | undefined> {
  try {
    const target = await realpath(path);
    await access(target, constants.X_OK);
    return target;
  } catch {
    return undefined;
  }
}
