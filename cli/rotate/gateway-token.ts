import { randomBytes } from "node:crypto";
import type { GatewayConfig } from "../../infra/config.ts";
import { encodedPiProgram, piScript } from "../../infra/pi-script.ts";
import { Refusal } from "../../infra/refusal.ts";
import { runOverSsh } from "../../infra/ssh.ts";
import { Interrupted } from "../interruption.ts";
import { changeConfig } from "./change-config.ts";
import { requireTaken } from "./kind.ts";
import type { OpenStack } from "./open-stack.ts";
import { begun, ended, proven, recordChanges, timeOf } from "./record.ts";
import {
  credentialsOf,
  readScene,
  resourceIn,
  type Scene,
  type StateResource,
  type Surroundings,
} from "./scene.ts";
import { upTimeoutMs } from "./steps.ts";
import { refuseWithoutPi } from "./tunnel-token.ts";

export const gatewayToken = "gateway-token";
const title = "OpenClaw's own token";
/** OpenClaw may have to start anew, which takes a minute on a Pi and up to five. */
const onPiTimeoutMs = 400_000;

/** The two tokens, as they are kept while it is under way. */
interface Tokens {
  readonly old: string;
  readonly new: string;
}

/** Gives OpenClaw on the Pi the one token, and sees the other refused there. @throws Error with the Pi's words */
export type SetOnPi = (pi: GatewayConfig["pi"], token: string, refused: string) => Promise<void>;

/**
 * Replaces OpenClaw's own token: the Pi first, then the Worker, then a request through both. Between the two the gateway
 * answers OPENCLAW_TOKEN_REFUSED for some seconds. When anything of it fails, both have the old one again.
 *
 * @throws Refusal ROTATION_PUT_BACK
 */
export async function rotateGatewayToken(
  stack: OpenStack,
  around: Surroundings,
  setOnPi: SetOnPi = overSsh,
): Promise<void> {
  let scene = await readScene(stack);
  refuseOtherSignIn(scene);
  refuseWithoutPi(scene);
  credentialsOf(scene);
  const tokens = await begin(scene, around);
  scene = await readScene(stack);
  try {
    await changeOver(scene, around, setOnPi, tokens);
  } catch (error) {
    if (error instanceof Interrupted || around.signal.aborted) throw error;
    await putBack(scene, around, setOnPi, tokens, error as Error);
  }
  const { record } = scene;
  const done = ended(proven(record, gatewayToken, timeOf(around.now())), gatewayToken);
  await changeConfig(stack, recordChanges(done));
}

/** Both tokens are kept, encrypted, before the Pi has the new one: a cut anywhere leaves a way on and a way back. */
async function begin(scene: Scene, { now }: Surroundings): Promise<Tokens> {
  const kept = scene.record.kept[gatewayToken];
  if (kept !== undefined) return JSON.parse(kept) as Tokens;
  const tokens = { old: await tokenInState(scene.stack), new: randomBytes(32).toString("hex") };
  const record = begun(scene.record, gatewayToken, timeOf(now()), JSON.stringify(tokens));
  await changeConfig(scene.stack, recordChanges(record));
  return tokens;
}

async function changeOver(
  scene: Scene,
  around: Surroundings,
  setOnPi: SetOnPi,
  tokens: Tokens,
): Promise<void> {
  const { progress, signal } = around;
  await progress.step(`giving OpenClaw its new token`, () =>
    setOnPi(scene.config.pi, tokens.new, tokens.old),
  );
  if (signal.aborted) throw new Interrupted();
  await readAgain(scene.stack, around);
  if (signal.aborted) throw new Interrupted();
  await progress.step(`trying the new of ${title}`, () =>
    requireTaken(
      scene,
      around,
      { title, path: "/v1/models", credentials: credentialsOf(scene) },
      ({ status }) => status === 200,
    ),
  );
}

/** The stack reads the token from the Pi and gives it to the Worker. */
const readAgain = (stack: OpenStack, { progress }: Surroundings): Promise<unknown> =>
  progress.step(`pulumi up of ${stack.name}, which reads OpenClaw's token again`, () =>
    stack.pulumi(
      ["up", "--stack", stack.name, "--yes", "--skip-preview", "--replace", `**::${stack.name}-openclaw`],
      { timeoutMs: upTimeoutMs },
    ),
  );

async function putBack(
  scene: Scene,
  around: Surroundings,
  setOnPi: SetOnPi,
  tokens: Tokens,
  reason: Error,
): Promise<never> {
  const { progress } = around;
  try {
    await progress.step("putting OpenClaw's old token back", () =>
      setOnPi(scene.config.pi, tokens.old, tokens.new),
    );
    await readAgain(scene.stack, around);
  } catch (error) {
    throw new Refusal(
      "ROTATION_UNPROVEN",
      `${title} was not replaced: ${reason.message}\n  and the old one could not be put back everywhere: ${(error as Error).message}`,
      `mend that, then go on: npm run rotate -- --stack ${scene.stack.name} ${gatewayToken}`,
    );
  }
  await changeConfig(scene.stack, recordChanges(ended(scene.record, gatewayToken)));
  throw new Refusal(
    "ROTATION_PUT_BACK",
    `${title} is the old one again, on the Pi and at the Worker: ${reason.message}`,
    `mend that, then: npm run rotate -- --stack ${scene.stack.name} ${gatewayToken}`,
  );
}

/** @throws Refusal with signIn access, where OpenClaw has no token: the Access login is the way in */
export function refuseOtherSignIn({ config }: Scene): void {
  if (config.signIn !== "token")
    throw new Refusal(
      "ROTATION_NOT_POSSIBLE",
      "with signIn access the gateway has no token of OpenClaw's: it says who asks, and OpenClaw trusts its connector alone",
      "there is nothing to replace; what the connector signs in with is the tunnel-token",
    );
}

/** The token as the last up has read it from the Pi. */
async function tokenInState({ name, pulumi }: OpenStack): Promise<string> {
  const text = await pulumi(["stack", "export", "--show-secrets", "--stack", name]);
  const { deployment } = JSON.parse(text) as { deployment: { resources?: StateResource[] } };
  const stdout = resourceIn(deployment.resources ?? [], "Command", `${name}-openclaw`)?.outputs?.stdout;
  // A secret of a state in clear: its JSON below the SDK's signature key.
  const { plaintext } = (stdout ?? {}) as { plaintext?: string };
  const answer = plaintext === undefined ? "" : (JSON.parse(plaintext) as string);
  const { token } = JSON.parse(answer.trimEnd().split("\n").at(-1) || "{}") as { token?: string };
  if (token) return token;
  throw new Refusal(
    "ROTATION_NOT_POSSIBLE",
    `the stack ${name} has read no token of OpenClaw's yet`,
    `npx pulumi up --stack ${name}`,
  );
}

async function overSsh(pi: GatewayConfig["pi"], token: string, refused: string): Promise<void> {
  const script = piScript("gateway-token", { asRoot: false });
  const stdin = script.stdin({
    openclaw_port: String(pi.openclawPort),
    openclaw_profile: pi.profile ?? "",
    program: encodedPiProgram("gateway-token"),
    new_token: token,
    old_token: refused,
  });
  const { code, stderr } = await runOverSsh(pi, script.command("create"), stdin, onPiTimeoutMs);
  if (code !== 0) throw new Error(`on the Pi: ${stderr.trim() || `it ended with ${code}`}`);
}
