import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a walk leaves its pictures, and what the pages said when it failed. */
export interface Artefacts {
  readonly folder: string;
  /** A path for the next picture: its number, its name, `.png`. */
  next(name: string): string;
}

/** Where artefacts go when no folder is given: a folder for each walk, in the project and left out of git. */
const gathering = fileURLToPath(new URL("../../.rehearsal", import.meta.url));

/** How many walks are kept there. */
const keptWalks = 10;

/**
 * Makes the folder.
 *
 * @param folder the caller's own, which nothing is removed from; else a new one, and only the newest walks' are kept
 */
export async function openArtefacts(folder?: string): Promise<Artefacts> {
  const target = folder ?? join(gathering, `${new Date().toISOString().replaceAll(":", "-")}-${process.pid}`);
  await mkdir(target, { recursive: true });
  if (folder === undefined) await dropOldWalks(dirname(target));
  let pictures = 0;
  return {
    folder: target,
    next(name) {
      pictures += 1;
      return join(target, `${String(pictures).padStart(2, "0")}-${name}.png`);
    },
  };
}

/** The names begin with the time, so that their order is the walks'. */
async function dropOldWalks(parent: string): Promise<void> {
  const walks = (await readdir(parent)).filter((name) => /^\d{4}-\d\d-\d\dT/.test(name)).sort();
  for (const name of walks.slice(0, -keptWalks))
    await rm(join(parent, name), { recursive: true, force: true });
}
