import { encodedPiProgram, piScript } from "../../infra/pi-script.ts";
import { Refusal } from "../../infra/refusal.ts";
import { runOverSsh } from "../../infra/ssh.ts";
import { changeConfig } from "./change-config.ts";
import type { Outcome } from "./finish.ts";
import { isModelKey, modelKey } from "./new-key.ts";
import { refusalOnPi } from "./on-pi.ts";
import type { OpenStack } from "./open-stack.ts";
import { begun, ended, proven, type Record, recordChanges, timeOf } from "./record.ts";
import { readScene, type Scene, type Surroundings } from "./scene.ts";
import { refuseInterrupted } from "./steps.ts";
import { refuseWithoutPi } from "./tunnel-token.ts";

/** Those of a stack that this command has replaced, or was cut at; which providers there are only the Pi knows. */
export const modelKeysIn = ({ rotated, pending }: Record): readonly string[] => [
  ...new Set([...Object.keys(rotated), ...Object.keys(pending)].filter(isModelKey)),
];

/** A model provider of OpenClaw's, and where its key is. */
export interface ModelProvider {
  readonly id: string;
  readonly kept: string;
  /** In openclaw.json itself, where it can be replaced. */
  readonly here: boolean;
}

interface Replaced {
  readonly model: string;
  /** Files of OpenClaw's state that still hold the old key. */
  readonly left: readonly string[];
}

/** What the Pi is asked for: its providers, or to replace one's key. */
export interface OnPi {
  list(scene: Scene): Promise<readonly ModelProvider[]>;
  /** @throws Refusal once it is settled that the old key stays, else another error */
  replace(scene: Scene, provider: string, newKey: string): Promise<Replaced>;
}

/**
 * Replaces the key of a model provider in openclaw.json on the Pi: OpenClaw takes it up while it runs, and a model of the
 * provider is asked with it, else the old key is put back. All of that is one act on the Pi, which a broken connection
 * does not cut; the new key is kept, encrypted, until it is done.
 *
 * @param target `model-key` or `model-key:PROVIDER`
 * @param newKey what the provider has given out; without it the one of a run that was cut
 */
export async function rotateModelKey(
  stack: OpenStack,
  target: string,
  newKey: string | undefined,
  around: Surroundings,
  onPi: OnPi = overSsh,
): Promise<Outcome["rotated"][number]> {
  const scene = await readScene(stack);
  refuseWithoutPi(scene);
  const { progress } = around;
  const provider =
    target.slice(modelKey.length + 1) ||
    onlyOne(stack, await progress.step("asking OpenClaw for its model providers", () => onPi.list(scene)));
  const full = `${modelKey}:${provider}`;
  const key = newKey ?? scene.record.kept[full] ?? "";
  const record = begun(scene.record, full, timeOf(around.now()), key);
  refuseInterrupted(around);
  await changeConfig(stack, recordChanges(record));
  try {
    const { model, left } = await progress.step(
      `giving OpenClaw its new key of ${provider}, and asking a model`,
      () => onPi.replace(scene, provider, key),
    );
    const done = ended(proven(record, full, timeOf(around.now())), full);
    await changeConfig(stack, recordChanges(done));
    return { target: full, note: noteOf(provider, model, left) };
  } catch (error) {
    if (error instanceof Refusal) await changeConfig(stack, recordChanges(ended(record, full)));
    else throw unsettled(stack, full, error as Error);
    throw error;
  }
}

/** @throws Refusal where there is none whose key can be replaced, or more than one */
function onlyOne({ name }: OpenStack, providers: readonly ModelProvider[]): string {
  const here = providers.filter((provider) => provider.here);
  const [first, second] = here;
  if (first && !second) return first.id;
  const all = providers.map(({ id, kept }) => `${id} (${kept})`).join(", ") || "none";
  throw new Refusal(
    "MODEL_KEY_WHICH",
    `OpenClaw's model providers and where their keys are: ${all}`,
    first
      ? `name one: npm run rotate -- --stack ${name} ${modelKey}:${first.id}`
      : "none of these keys is in openclaw.json: replace it where it is",
  );
}

const unsettled = ({ name }: OpenStack, target: string, { message }: Error): Refusal =>
  new Refusal(
    "ROTATION_UNPROVEN",
    `whether OpenClaw has the new key could not be seen: ${message}`,
    `go on where it was: npm run rotate -- --stack ${name} (${target} is kept until then, encrypted)`,
  );

function noteOf(provider: string, model: string, left: readonly string[]): string {
  const gone =
    left.length === 0
      ? "the old one is in no file of OpenClaw's any more"
      : `the old one is gone from openclaw.json and its copies, and still in: ${left.join(", ")}`;
  return `${model} has answered with the new one, ${gone}. Revoke it in the console of ${provider}`;
}

const overSsh: OnPi = {
  async list(scene) {
    const { providers } = (await ask(scene, { order: "list" })) as { providers: ModelProvider[] };
    return providers;
  },
  async replace(scene, provider, newKey) {
    return (await ask(scene, { order: "replace", provider, new_key: newKey })) as Replaced;
  },
};

/** A model may take minutes to answer, OpenClaw up to five to start anew, and both come twice where it is put back. */
const onPiTimeoutMs = 25 * 60_000;

/** What the Pi refuses while something of it is still under way. */
const isUnsettled = (code: string) => ["ROTATION_UNPROVEN", "OPENCLAW_STEP_FAILED"].includes(code);

async function ask(
  { config: { pi }, stack }: Scene,
  order: Readonly<{ [name: string]: string }>,
): Promise<unknown> {
  const script = piScript(modelKey, { asRoot: false });
  const stdin = script.stdin({
    stack: stack.name,
    openclaw_port: String(pi.openclawPort),
    openclaw_profile: pi.profile ?? "",
    program: encodedPiProgram(modelKey),
    ...order,
  });
  const { code, stdout, stderr } = await runOverSsh(pi, script.command("create"), stdin, onPiTimeoutMs);
  if (code === 0) return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  const refusal = refusalOnPi(stderr);
  if (refusal && !isUnsettled(refusal.code)) throw refusal;
  throw new Error(`on the Pi: ${stderr.trim() || `it ended with ${code}`}`);
}
