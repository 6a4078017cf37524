import { randomBytes } from "node:crypto";
import type { GatewayConfig } from "../../infra/config.ts";
import type { ErrorCode } from "../../infra/error-codes.ts";
import { encodedPiProgram, piScript } from "../../infra/pi-script.ts";
import { Refusal } from "../../infra/refusal.ts";
import { runOverSsh } from "../../infra/ssh.ts";
import { PiUnreachable } from "../../infra/ssh-refusal.ts";
import { Interrupted } from "../interruption.ts";
import { changeConfig } from "./change-config.ts";
import { requireTaken, type Seen } from "./kind.ts";
import { refusalOnPi } from "./on-pi.ts";
import type { OpenStack } from "./open-stack.ts";
import { begun, ended, proven, recordChanges, timeOf } from "./record.ts";
import { noWayIn, readScene, readState, resourceIn, type Scene, type Surroundings, wayIn } from "./scene.ts";
import { refuseInterrupted, upTimeoutMs } from "./steps.ts";
import { refuseWithoutPi } from "./tunnel-token.ts";
import { isInterruption, wordsOf } from "./words.ts";

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

/** Which of the two tokens each side has, as far as this run has seen. */
interface Places {
  onPi: "old" | "new" | undefined;
  atWorker: "old" | "new" | undefined;
}

/**
 * Replaces OpenClaw's own token: the Pi first, then the Worker, then a request through both. Between the two the gateway
 * answers OPENCLAW_TOKEN_REFUSED for some seconds. When anything of it fails, both have the old one again.
 *
 * @returns what was seen where no request could be made
 * @throws Refusal ROTATION_PUT_BACK; ROTATION_UNPROVEN, and Interrupted, with which side has which token
 */
export async function rotateGatewayToken(
  stack: OpenStack,
  around: Surroundings,
  setOnPi: SetOnPi = overSsh,
): Promise<Seen> {
  let scene = await readScene(stack);
  refuseOtherSignIn(scene);
  refuseWithoutPi(scene);
  // A run that was cut may have left either token on either side.
  const isFresh = scene.record.kept[gatewayToken] === undefined;
  const places: Places = isFresh
    ? { onPi: "old", atWorker: "old" }
    : { onPi: undefined, atWorker: undefined };
  const tokens = await begin(scene, around);
  scene = await readScene(stack);
  const rotation = { scene, around, tokens, places, setOnPi };
  let seen: Seen;
  try {
    await around.progress.step("giving OpenClaw its new token", () => give(rotation, "new"));
  } catch (error) {
    if (!leavesPiAsItWas(error as Error)) await putBack(rotation, error as Error);
    if (isFresh) await changeConfig(stack, recordChanges(ended(scene.record, gatewayToken)));
    throw notBegun(rotation, error as Error, isFresh);
  }
  try {
    seen = await changeOver(rotation);
  } catch (error) {
    await putBack(rotation, error as Error);
  }
  const { record } = scene;
  const done = ended(proven(record, gatewayToken, timeOf(around.now())), gatewayToken);
  await changeConfig(stack, recordChanges(done));
  return seen;
}

interface Rotation {
  readonly scene: Scene;
  readonly around: Surroundings;
  readonly tokens: Tokens;
  readonly places: Places;
  readonly setOnPi: SetOnPi;
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

async function give({ scene, tokens, places, setOnPi }: Rotation, which: "old" | "new"): Promise<void> {
  const before = places.onPi;
  places.onPi = undefined;
  try {
    await setOnPi(scene.config.pi, tokens[which], tokens[which === "new" ? "old" : "new"]);
    places.onPi = which;
  } catch (error) {
    if (leavesPiAsItWas(error as Error)) places.onPi = before;
    throw error;
  }
}

async function changeOver(rotation: Rotation): Promise<Seen> {
  const { scene, around, tokens } = rotation;
  refuseInterrupted(around);
  await readAgain(rotation, "new");
  refuseInterrupted(around);
  const credentials = wayIn(scene);
  if (credentials) {
    await around.progress.step(`trying the new of ${title}`, () =>
      requireTaken(scene, around, { title, path: "/v1/models", credentials }, ({ status }) => status === 200),
    );
    return undefined;
  }
  if ((await tokenInState(scene.stack)) === tokens.new)
    return `OpenClaw takes the new one on the Pi and refuses the old one there, and Cloudflare has taken the Worker with the new one; no request was made through both: ${noWayIn}`;
  throw new Error("the up has read another token from the Pi than the new one");
}

/** The stack reads the token from the Pi and gives it to the Worker. */
async function readAgain(
  { scene: { stack }, around, places }: Rotation,
  which: "old" | "new",
): Promise<void> {
  places.atWorker = undefined;
  await around.progress.step(`pulumi up of ${stack.name}, which reads OpenClaw's token again`, () =>
    stack.pulumi(
      ["up", "--stack", stack.ref, "--yes", "--skip-preview", "--replace", `**::${stack.name}-openclaw`],
      { timeoutMs: upTimeoutMs },
    ),
  );
  places.atWorker = which;
}

/** Not after Ctrl-C: whoever wants an end does not wait for another restart of OpenClaw and another up. */
async function putBack(rotation: Rotation, reason: Error): Promise<never> {
  const { scene, around, places } = rotation;
  const { stack, record } = scene;
  const mend = `mend that, then go on: npm run rotate -- --stack ${stack.name} ${gatewayToken}`;
  if (isInterruption(reason))
    throw new InterruptedBetween(
      `${inWords(places)}\n  go on: npm run rotate -- --stack ${stack.name} ${gatewayToken}`,
    );
  if (around.signal.aborted)
    throw new Refusal(
      "ROTATION_UNPROVEN",
      `${title} is between the old one and the new one, and was stopped there: ${wordsOf(reason)}`,
      inWords(places),
      mend,
    );
  try {
    await around.progress.step("putting OpenClaw's old token back", () => give(rotation, "old"));
    await readAgain(rotation, "old");
  } catch (error) {
    throw new Refusal(
      "ROTATION_UNPROVEN",
      `${title} was not replaced: ${wordsOf(reason)}\n  and the old one could not be put back everywhere: ${wordsOf(error as Error)}`,
      inWords(places),
      mend,
    );
  }
  await changeConfig(stack, recordChanges(ended(record, gatewayToken)));
  throw new Refusal(
    "ROTATION_PUT_BACK",
    `${title} is the old one again, on the Pi and at the Worker: ${wordsOf(reason)}`,
    `mend that, then: npm run rotate -- --stack ${stack.name} ${gatewayToken}`,
  );
}

/** The Pi was not reached, or has refused before it changed anything. */
function notBegun({ scene: { stack }, places }: Rotation, reason: Error, isFresh: boolean): Refusal {
  if (isFresh)
    return new Refusal(
      (reason as { code?: ErrorCode }).code ?? "ROTATION_UNPROVEN",
      `${title} is the old one still, and nothing was changed: ${wordsOf(reason)}`,
      `mend that, then: npm run rotate -- --stack ${stack.name} ${gatewayToken}`,
    );
  return new Refusal(
    "ROTATION_UNPROVEN",
    `${title} is where a run was cut before: ${wordsOf(reason)}`,
    inWords(places),
    `mend that, then go on: npm run rotate -- --stack ${stack.name} ${gatewayToken}`,
  );
}

/** Ctrl-C between the Pi and the Worker, with what stands. */
class InterruptedBetween extends Interrupted {
  constructor(words: string) {
    super();
    this.message = `Interrupted. ${words}`;
  }
}

/** What stands in words, and what it means for requests. */
function inWords({ onPi, atWorker }: Places): string {
  const one = (which: "old" | "new" | undefined) =>
    which === undefined ? "the old one or the new one, which was not seen" : `the ${which} one`;
  const have = `OpenClaw on the Pi has ${one(onPi)}; the Worker has ${one(atWorker)}`;
  if (onPi !== undefined && onPi === atWorker) return have;
  return `${have}. While they differ, every request through the gateway ends in OPENCLAW_TOKEN_REFUSED`;
}

/** What the Pi's script says before it writes anything. */
const beforeAnyChange: readonly string[] = [
  "OPENCLAW_NOT_FOUND",
  "OPENCLAW_TOKEN_REFERENCE",
  "OPENCLAW_CONFIG_MISSING",
  "OPENCLAW_CONFIG_UNREADABLE",
  "OPENCLAW_CONFIG_INVALID",
  "OPENCLAW_CONFIG_READONLY",
  "OPENCLAW_CONFIG_UNWRITABLE",
];
/** Where the way to the Pi was open, and the command under way. */
const underWay: readonly string[] = ["PI_CONNECTION_LOST", "PI_TOO_SLOW"];

function leavesPiAsItWas(error: Error): boolean {
  const { code = "" } = error as { code?: string };
  return error instanceof PiUnreachable ? !underWay.includes(code) : beforeAnyChange.includes(code);
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
async function tokenInState(stack: OpenStack): Promise<string> {
  const { name } = stack;
  const state = await readState(stack, { showSecrets: true });
  const stdout = resourceIn(state, "Command", `${name}-openclaw`)?.outputs?.stdout;
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
  if (code === 0) return;
  const refusal = refusalOnPi(stderr);
  throw refusal && beforeAnyChange.includes(refusal.code)
    ? refusal
    : new Error(`on the Pi: ${stderr.trim() || `it ended with ${code}`}`);
}
