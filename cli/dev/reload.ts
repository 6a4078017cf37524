import { createHash } from "node:crypto";
import { workerSource } from "../../contract/bundle.ts";
import { changesIn } from "./watch.ts";

/** What became of a change. */
export type Reload =
  | { readonly outcome: "reloaded"; readonly ms: number; readonly bytes: number }
  /** Tests, comments, spaces: the Worker is the same. */
  | { readonly outcome: "unchanged" }
  /** The Worker before it answers on. */
  | { readonly outcome: "refused"; readonly reason: string };

export interface ReloadOptions {
  /** The folder that `worker/` and `contract/` are in. */
  readonly project: string;
  /** Puts a bundle in the running one's place, or throws with the reason why it does not start. */
  readonly upload: (source: Uint8Array) => Promise<void>;
  readonly tell: (files: readonly string[], reload: Reload) => void;
  readonly signal: AbortSignal;
  /** Called once, when changes are noticed from now on. */
  readonly ready: () => void;
}

/** Bundles the Worker and uploads it whenever its source has changed, until the signal is aborted. */
export async function reloadOnChange({ project, upload, tell, signal, ready }: ReloadOptions): Promise<void> {
  let running = digest((await workerSource(project)).source);
  const changes = await changesIn(project, ["worker", "contract"], signal);
  ready();
  for await (const files of changes) {
    const started = performance.now();
    try {
      const { source } = await workerSource(project);
      if (digest(source) === running) {
        tell(files, { outcome: "unchanged" });
        continue;
      }
      await upload(source);
      running = digest(source);
      const ms = Math.round(performance.now() - started);
      tell(files, { outcome: "reloaded", ms, bytes: source.byteLength });
    } catch (error) {
      tell(files, { outcome: "refused", reason: reasonOf(error) });
    }
  }
}

const digest = (source: Uint8Array): string => createHash("sha256").update(source).digest("hex");

interface BuildMessage {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** A bundling error with the places it names, else what Cloudflare said. */
function reasonOf(error: unknown): string {
  const { errors, message } = error as { errors?: readonly BuildMessage[]; message: string };
  if (!errors) return message;
  return errors
    .map(
      ({ text, location }) =>
        `${location ? `${location.file}:${location.line}:${location.column + 1}: ` : ""}${text}`,
    )
    .join("\n");
}
