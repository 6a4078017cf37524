import * as pulumi from "@pulumi/pulumi";
import type { PiConfig } from "./config.ts";
import { piScript } from "./pi-script.ts";
import { runOverSsh } from "./ssh.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

/** The oldest OpenClaw that the gateway works with: the proxy rules and config keys it relies on are in it. */
const oldestOpenClaw = "2026.9.0";
/** What cloudflared and its package lists need, with room to spare. */
const neededMegabytes = 300;
/** JWTs and TLS fail on a clock that is further off. */
const clockToleranceSeconds = 120;
const architectures = ["amd64", "arm64", "armhf"];

/** Something about the Pi that keeps the stack from being built; the message says what and how to mend it. */
export class PiNotReady extends pulumi.RunError {
  readonly code: string;

  constructor(code: string, what: string, mend: string) {
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
  const stdin = script.stdin({ openclaw_port: String(config.openclawPort) });
  try {
    const { code, stdout, stderr } = await runOverSsh(config, script.command("create"), stdin);
    if (code !== 0)
      throw new PiNotReady(
        "PI_LOOK_FAILED",
        `the look at ${config.host} failed: ${stderr.trim()}`,
        `try the same by hand: ssh ${target(config)}`,
      );
    const facts = parseFacts(stdout);
    judge(config, facts);
    return facts;
  } catch (error) {
    if (error instanceof PiUnreachable) throw new PiNotReady(error.code, error.message, error.mend);
    throw error;
  }
}

const target = ({ user, host, port }: PiConfig) => `${port === 22 ? "" : `-p ${port} `}${user}@${host}`;

/** By name; a name that the Pi did not tell is not in it. */
type Facts = Readonly<Record<string, string>>;

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
  const problems = [...problemsOfMachine(facts, nowSeconds), ...problemsOfOpenClaw(config, facts)];
  if (problems.length === 0) return;
  const [first] = problems;
  throw new PiNotReady(
    problems.length === 1 && first ? first.code : "PI_NOT_READY",
    `${config.host} is not ready${problems.length === 1 ? "" : ` for ${problems.length} reasons`}:`,
    problems.map(({ what, mend }) => `${what}\n    ${mend}`).join("\n  "),
  );
}

interface Problem {
  readonly code: string;
  readonly what: string;
  readonly mend: string;
}

function problemsOfMachine(facts: Facts, nowSeconds: number): Problem[] {
  const problems: Problem[] = [];
  const add = (code: string, what: string, mend: string) => problems.push({ code, what, mend });
  if (!facts.systemd)
    add("PI_NO_SYSTEMD", "it does not run systemd", "use Raspberry Pi OS or Debian with its usual init");
  if (!architectures.includes(facts.architecture ?? "") || facts.machine === "armv6l") {
    add(
      "PI_ARCHITECTURE",
      `its architecture is ${facts.architecture || "not Debian's"} on ${facts.machine}`,
      `Cloudflare has packages for ${architectures.join(", ")} (and none for the ARMv6 of a Pi 1 or Zero)`,
    );
  }
  if (!facts.root)
    add(
      "PI_NO_SUDO",
      `${facts.user} may not use sudo without a password`,
      `as an administrator, on the Pi: echo '${facts.user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/010_${facts.user}`,
    );
  if (!facts.curl) add("PI_NO_CURL", "it has no curl", "on the Pi: sudo apt-get install curl");
  if (Number(facts.free_megabytes) < neededMegabytes)
    add(
      "PI_NO_SPACE",
      `it has ${facts.free_megabytes} MB left, and cloudflared needs ${neededMegabytes} MB`,
      "make room, for example: sudo apt-get clean",
    );
  if (Math.abs(Number(facts.clock) - nowSeconds) > clockToleranceSeconds)
    add(
      "PI_CLOCK",
      `its clock is ${Math.round(Math.abs(Number(facts.clock) - nowSeconds))} s away from this machine's`,
      "set it: sudo timedatectl set-ntp true",
    );
  return problems;
}

function problemsOfOpenClaw(config: PiConfig, facts: Facts): Problem[] {
  const problem = (code: string, what: string, mend: string) => [{ code, what, mend }];
  if (!facts.openclaw_entry)
    return problem(
      "OPENCLAW_NOT_FOUND",
      `OpenClaw is not installed for the user ${facts.user}`,
      "install it (https://docs.openclaw.ai/install/raspberry-pi), or set openclaw-gateway:pi.user to its user",
    );
  if (compareVersions(facts.openclaw_version ?? "", oldestOpenClaw) < 0)
    return problem(
      "OPENCLAW_TOO_OLD",
      `its OpenClaw is ${facts.openclaw_version}, and ${oldestOpenClaw} or later is needed`,
      "on the Pi: openclaw update",
    );
  if (!facts.openclaw_config)
    return problem(
      "OPENCLAW_CONFIG_UNREADABLE",
      `${facts.user} has no openclaw.json that can be read`,
      "on the Pi: openclaw onboard",
    );
  if (facts.openclaw_ready !== "yes")
    return problem(
      "OPENCLAW_NOT_RUNNING",
      `OpenClaw does not answer on port ${config.openclawPort}`,
      "on the Pi: openclaw gateway status; another port is set with: npx pulumi config set --path openclaw-gateway:pi.openclawPort PORT",
    );
  return [];
}

/** Compares dotted numbers: negative when a is older. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map(Number));
  const index = (right ?? []).findIndex((part, position) => part !== (left?.[position] || 0));
  return index < 0 ? 0 : (left?.[index] || 0) - (right?.[index] ?? 0);
}
