import { Interrupted } from "../interruption.ts";
import { type ConfigChange, changeConfig, own } from "./change-config.ts";
import type { Kind } from "./kind.ts";
import type { OpenStack } from "./open-stack.ts";
import { recordChanges } from "./record.ts";
import { readScene, type Scene, type Surroundings } from "./scene.ts";

/** The longest step of an up is a package on a Pi. */
export const upTimeoutMs = 30 * 60_000;

/** Builds what the config asks for. @returns the stack as it is then */
export async function build(stack: OpenStack, around: Surroundings): Promise<Scene> {
  refuseInterrupted(around);
  await around.progress.step(`pulumi up of ${stack.name}`, () =>
    stack.pulumi(["up", "--stack", stack.ref, "--yes", "--skip-preview"], { timeoutMs: upTimeoutMs }),
  );
  refuseInterrupted(around);
  return readScene(stack);
}

/** Writes a record that has changed. */
export async function remember(scene: Scene, record: Scene["record"]): Promise<void> {
  if (record !== scene.record) await changeConfig(scene.stack, recordChanges(record));
}

/** @throws Interrupted once somebody has asked for an end */
export function refuseInterrupted({ signal }: Surroundings): void {
  if (signal.aborted) throw new Interrupted();
}

export const listOf = (kinds: readonly Kind[]): string => kinds.map(({ target }) => target).join(", ");

/** What the next kind sees of a change that is not written yet: the service tokens are one key. */
export function withChanges(scene: Scene, changes: readonly ConfigChange[]): Scene {
  const change = changes.findLast((one) => "value" in one && one.key === own("serviceTokens"));
  if (!change || !("value" in change)) return scene;
  const serviceTokens = change.value as Scene["config"]["serviceTokens"];
  return { ...scene, config: { ...scene.config, serviceTokens } };
}

/** Whether the time of an old secret has come. */
export const isOver = ({ record }: Scene, target: string, { now }: Pick<Surroundings, "now">): boolean =>
  Date.parse(record.pending[target]?.until ?? "") <= now().getTime();
