import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Makes every workerd that Miniflare starts in this process end with it, also when it is killed (edge/workerd).
 * Miniflare takes the program from the environment and from nowhere else.
 */
export function tieWorkerdToProcess(): void {
  const requireFromMiniflare = createRequire(import.meta.resolve("miniflare"));
  const { default: binary } = requireFromMiniflare("workerd") as { default: string };
  process.env.REHEARSAL_WORKERD = binary;
  process.env.MINIFLARE_WORKERD_PATH = fileURLToPath(new URL("./workerd", import.meta.url));
}
