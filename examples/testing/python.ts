import { join } from "node:path";
import { debianTree, stableSuite } from "../../rehearsal/host/base.ts";
import { readMirror } from "../../rehearsal/host/mirror.ts";
import { requireMachine } from "../../rehearsal/host/requirements.ts";
import type { Progress } from "../../rehearsal/progress.ts";

/**
 * A Debian with Python and its `openai` package, built once: of Debian's own packages, so that nothing but this
 * machine's Debian archive is needed. Debian has it from trixie on (1.69 there).
 *
 * @returns the tree's root folder; nothing on a machine with another Debian or Ubuntu whose archive has no trixie
 */
export async function preparePython(progress: Progress): Promise<string | undefined> {
  await requireMachine();
  return progress.step("Debian with Python and openai", async (detail) => {
    const recipe = {
      name: "python-openai",
      packages: ["python3-openai"],
      // The tree tells nothing of this machine's way to the network; hosts is there to be mounted over.
      customize: ['rm -f "$1/etc/resolv.conf" "$1/etc/apt/apt.conf.d/99mmdebstrap"; : >"$1/etc/hosts"'],
    };
    const mirror = await readMirror();
    try {
      return join(await debianTree(mirror, stableSuite, recipe, detail), "root");
    } catch (error) {
      if (mirror.suite === stableSuite) throw error;
      return undefined;
    }
  });
}
