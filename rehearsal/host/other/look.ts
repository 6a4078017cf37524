import { readFileSync } from "node:fs";
import { parseFacts } from "../../../infra/pi-look.ts";
import { type SshTarget, sshExec } from "../ssh.ts";

/** What is on a machine that is somebody's own, as far as it matters to a rehearsal there. */
export interface Findings {
  /** Debian's name for it: amd64, arm64 or armhf. */
  readonly architecture: string;
  readonly home: string;
  /** cloudflared's path, and its package's version; empty where there is none. */
  readonly cloudflared: string;
  readonly packageVersion: string;
  /** Stacks of this program that are on it, or have been cut there. */
  readonly stacks: readonly string[];
  /** Whether something listens where connectors are led to. */
  readonly portTaken: boolean;
  readonly openclawNode: string;
  readonly openclawEntry: string;
  readonly openclawConfig: string;
  readonly gatewayToken: string;
}

const files = ["../../../pi/lib.sh", "../../../pi/openclaw-install.sh", "look.sh"];
const script = files.map((file) => readFileSync(new URL(file, import.meta.url), "utf8")).join("\n");

/** Marks the versions of the connector's stand-in, so that it is known from the real package. */
export const standInMark = "+rehearsal";

/** Looks at another machine and changes nothing there. */
export async function lookAtMachine(target: SshTarget): Promise<Findings> {
  // On standard input: the command line is seen by everyone on that machine, and some shells have a say in it.
  const { code, stdout, stderr } = await sshExec(target, "exec sh -s", { stdin: script });
  if (code !== 0) throw new Error(`${target.address} could not be looked at: ${stderr.trim()}`);
  const facts = parseFacts(stdout);
  const words = (text = "") => text.split(" ").filter(Boolean);
  return {
    architecture: facts.architecture ?? "",
    home: facts.home ?? "",
    cloudflared: facts.cloudflared ?? "",
    packageVersion: facts.package ?? "",
    stacks: [...new Set([...words(facts.stacks), ...words(facts.records)])],
    portTaken: Boolean(facts.port_taken),
    openclawNode: facts.openclaw_node ?? "",
    openclawEntry: facts.openclaw_entry ?? "",
    openclawConfig: facts.openclaw_config ?? "",
    gatewayToken: facts.gateway_token ?? "",
  };
}

/**
 * Why a machine is not taken for a rehearsal: what is there that the rehearsal's connector would replace or disturb.
 *
 * @param ours the name of the rehearsal's own stack, which a cut rehearsal may have left behind
 * @returns a sentence, or undefined when it can be taken
 */
export function refusal(found: Findings, ours: string): string | undefined {
  const standIn = found.packageVersion.endsWith(standInMark);
  if (found.cloudflared && !standIn)
    return `cloudflared ${found.packageVersion || `at ${found.cloudflared}`} is installed there, and the rehearsal's stand-in would take its place. Rehearse on this machine instead (npm run rehearse), or on a machine without it.`;
  const others = found.stacks.filter((stack) => stack !== ours || !standIn);
  if (others.length > 0)
    return `the stack ${others.join(", ")} is there, and a rehearsal would disturb it. Rehearse on this machine instead (npm run rehearse), or destroy that stack first: npx pulumi destroy --stack ${others[0]}`;
  if (!found.gatewayToken)
    return `its openclaw.json has no gateway token in clear, which the rehearsal's visitor needs. Make one: openclaw doctor --generate-gateway-token`;
  return undefined;
}
