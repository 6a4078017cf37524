import * as pulumi from "@pulumi/pulumi";
import type { PiConfig } from "./config.ts";
import type { ErrorCode } from "./error-codes.ts";
import { type Facts, problemOfOpenClaw, problemsOfMachine } from "./pi-problems.ts";
import { encodedPiProgram, piScript, sudoSetting } from "./pi-script.ts";
import { runOverSsh } from "./ssh.ts";
import { doorOf, sshTarget } from "./ssh-door.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

/** The oldest OpenClaw that the gateway works with: the proxy rules and config keys it relies on are in it. */
const oldestOpenClaw = "2026.9.0";

/** Something about the Pi that keeps the stack from being built; the message says what and how to mend it. */
export class PiNotReady extends pulumi.RunError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, what: string, mend: string) {
    super(`${code}: ${what}\n  ${mend}`);
    this.code = code;
  }
}

/**
 * Looks at the Pi before anything is created: reachable, the right machine, sudo, room, OpenClaw there, new enough and
 * running. The command provider can only say "process exited with status 1", and tries an unreachable host for minutes.
 *
 * @returns what look.sh has told
 * @throws PiNotReady with every problem of the first kind found: the way there, or all that is wrong on it
 */
export async function lookAtPi(config: PiConfig): Promise<Facts> {
  const script = piScript("look", { asRoot: false });
  const stdin = script.stdin({
    openclaw_port: String(config.openclawPort),
    openclaw_profile: config.profile ?? "",
    program: encodedPiProgram("openclaw-look"),
    ...sudoSetting(config),
  });
  try {
    const { code, stdout, stderr } = await runOverSsh(config, script.command("create"), stdin);
    if (code !== 0)
      throw new PiNotReady(
        "PI_LOOK_FAILED",
        `the look at ${config.host} failed: ${stderr.trim() || stdout.trim() || `it ended with ${code}`}`,
        `try the same by hand: ssh ${sshTarget(doorOf(config))} true`,
      );
    const facts = parseFacts(stdout);
    judge(config, facts);
    return facts;
  } catch (error) {
    if (error instanceof PiUnreachable) throw new PiNotReady(error.code, error.message, error.mend);
    throw error;
  }
}

/** The `name=value` lines of look.sh. */
export const parseFacts = (text: string): Facts =>
  Object.fromEntries(
    text
      .split("\n")
      .flatMap((line) =>
        /^[a-z_]+=/.test(line) ? [[line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]] : [],
      ),
  );

/** @throws PiNotReady that lists all that is wrong */
export function judge(config: PiConfig, facts: Facts, nowSeconds = Date.now() / 1000): void {
  const openclaw = problemOfOpenClaw(config, facts, oldestOpenClaw);
  const problems = [...problemsOfMachine(facts, nowSeconds), ...(openclaw ? [openclaw] : [])];
  const [first] = problems;
  if (first === undefined) return;
  throw new PiNotReady(
    problems.length === 1 ? first.code : "PI_NOT_READY",
    `${config.host} is not ready${problems.length === 1 ? "" : ` for ${problems.length} reasons`}:`,
    problems.map(({ what, mend }) => `${what}\n    ${mend}`).join("\n  "),
  );
}
