import { setTimeout as pause } from "node:timers/promises";
import type { GatewayConfig, PiConfig } from "./config.ts";
import { PiNotReady } from "./pi-look.ts";
import { piScript } from "./pi-script.ts";
import { runOverSsh, type SshResult } from "./ssh.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

export type FirewallConfig = GatewayConfig["firewall"];

/** For this long open connections make themselves known first. The tunnel speaks each second, most others twice a minute. */
const watchSeconds = 15;
/** For this long new rules are in force unconfirmed. A login on a busy Pi takes a few seconds. */
const backAfterSeconds = 20;
/** The new connection is tried for as long as that makes sense. */
const confirmWithinMs = 15_000;
const commandTimeoutMs = 60_000;

/** What pi/firewall.sh is told. */
export const firewallSettings = (stack: string, { sshFrom, https }: FirewallConfig) => ({
  stack,
  ssh_from: sshFrom.length > 0 ? sshFrom.join(" ") : "anywhere",
  https: https ? "yes" : "no",
  watch_seconds: String(watchSeconds),
  back_after_seconds: String(backAfterSeconds),
});

/**
 * A hook for before the firewall's command: puts the rules in force with a timer on the Pi that takes them back, and
 * stops the timer over a new SSH connection. The command itself only finds what was confirmed here.
 *
 * Before, and not as a command of its own, since one that succeeded is not run again: a firewall that was taken back
 * would stay recorded as there.
 */
export function tryFirewall(pi: PiConfig, stack: string, firewall: FirewallConfig) {
  const script = piScript("firewall", { asRoot: pi.user !== "root" });
  const stdin = script.stdin(firewallSettings(stack, firewall));
  return async (): Promise<void> => {
    const { stdout } = succeeded(await runOverSsh(pi, script.command("try"), stdin).catch(withCode));
    const { seen_as: seenAs } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { seen_as: string };
    await confirm(seenAs);
  };

  async function confirm(seenAs: string): Promise<void> {
    try {
      succeeded(await runOverSsh(pi, script.command("confirm"), stdin, commandTimeoutMs, confirmWithinMs));
    } catch (error) {
      if (!(error instanceof PiUnreachable)) throw error;
      const back = await sshIsBack(pi);
      throw new PiNotReady(
        "FIREWALL_SHUTS_OUT",
        `with this firewall no new SSH connection gets from here to ${pi.host} (${error.message}). It was taken back${back ? ", and SSH works as before" : " by the Pi's timer, but SSH does not answer yet"}`,
        `the Pi sees this machine as ${seenAs}: add that, or its network, with: npx pulumi config set --path 'openclaw-gateway:firewall.sshFrom[${firewall.sshFrom.length}]' ${seenAs}`,
      );
    }
  }
}

function withCode(error: unknown): never {
  if (error instanceof PiUnreachable) throw new PiNotReady(error.code, error.message, error.mend);
  throw error;
}

function succeeded(result: SshResult): SshResult {
  if (result.code !== 0) throw new Error(result.stderr.trim() || `it ended with ${result.code}`);
  return result;
}

/** Whether it answers within the time that the timer and a slow Pi take. */
async function sshIsBack(pi: PiConfig): Promise<boolean> {
  const deadline = Date.now() + (backAfterSeconds + 30) * 1000;
  while (Date.now() < deadline) {
    try {
      await runOverSsh(pi, "true", "");
      return true;
    } catch {
      await pause(1_000);
    }
  }
  return false;
}
