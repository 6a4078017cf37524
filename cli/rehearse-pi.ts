import { readFile } from "node:fs/promises";
import { confirm } from "@inquirer/prompts";
import ssh2 from "ssh2";
import type { PiConfig } from "../infra/config.ts";
import { fingerprint, shortType } from "../infra/host-key.ts";
import { acquaintance, shownHostKey } from "../rehearsal/host/other/host-key.ts";
import { parseTarget, type Target, targetText } from "../rehearsal/host/other/target.ts";
import { ensurePrograms } from "../rehearsal/host/requirements.ts";

export interface PiOptions {
  /** `user@host[:port]` */
  readonly pi: string;
  /** File of the private key; without one the SSH agent is asked. */
  readonly identity?: string;
  /** Answers yes to the question whether to begin. */
  readonly yes: boolean;
  readonly signal: AbortSignal;
}

/** What a rehearsal does on a machine that is somebody's own; all of it is taken back at the end. */
const whatIsDone = `What the rehearsal does there, and takes back at its end, when it is interrupted, or at the latest when it is
started on that machine again:
  - it installs a stand-in of cloudflared as the Debian package cloudflared; it reaches nothing but this machine,
    through the SSH connection, and listens on that machine's loopback only (ports 7844 and 20300)
  - it starts the unit cloudflared-rehearsal.service and writes below /etc/openclaw-gateway, /var/lib/openclaw-gateway
  - it changes openclaw.json through OpenClaw's own CLI, and puts back the bytes of before
  - with --sign-in access OpenClaw's way of authentication is changed, at which OpenClaw starts anew, and at the end again
  - it pairs browsers of its own with OpenClaw and removes them again; those of a run that was killed stay, without a
    key to them (openclaw devices list shows them, openclaw devices remove takes them out)
  - it asks the assistant up to ten short questions, by its own model: that may cost a little, and the answers stay in
    OpenClaw's history
Nothing of /etc/hosts, apt's sources or the trusted certificates is touched, and no port is opened to the network.`;

/**
 * Asks for another machine to rehearse on: shows its host key and what will be done, and waits for a yes.
 *
 * @throws Error when nobody said yes, when the host key is not the one that was met before, or when with `--yes`, where
 *   nobody compares it, it was never met
 */
export async function askForPi({ pi, identity, yes, signal }: PiOptions): Promise<PiConfig> {
  const target = parseTarget(pi);
  const privateKey = identity === undefined ? undefined : await readIdentity(identity);
  if (privateKey === undefined && !process.env.SSH_AUTH_SOCK)
    throw new Error(
      "There is no key to sign in with: no SSH agent runs here (SSH_AUTH_SOCK is not set; sudo drops it unless it is told to keep it: sudo --preserve-env=SSH_AUTH_SOCK). Start one, or name a key: --identity ~/.ssh/id_ed25519",
    );
  if (!yes && !process.stdin.isTTY)
    throw new Error(
      "Nobody is here to say yes to a rehearsal on another machine: standard input is no terminal. In a script, --yes says it.",
    );
  await ensurePrograms({ "ssh-keygen": "openssh-client" });
  const hostKey = await shownHostKey(target);
  await requireAcquaintance(target, hostKey, yes);
  process.stderr.write(`${whatIsDone}\n\n`);
  if (
    !yes &&
    !(await confirm(
      { message: `Rehearse on ${targetText(target)}?`, default: false },
      { output: process.stderr, signal },
    ))
  )
    throw new Error("Nothing was done.");
  return { ...target, hostKey, privateKey, openclawPort: 18789 };
}

async function requireAcquaintance(target: Target, hostKey: string, yes: boolean): Promise<void> {
  const met = await acquaintance(target, hostKey);
  const shown = `${target.host} shows the ${shortType(hostKey)} host key ${fingerprint(hostKey)}`;
  const scan = `ssh-keyscan -t ${shortType(hostKey)} ${target.port === 22 ? "" : `-p ${target.port} `}${target.host}`;
  const compare = `ssh-keygen -lf /etc/ssh/ssh_host_${shortType(hostKey)}_key.pub`;
  if (met === "other")
    throw new Error(
      `${shown}, and ~/.ssh/known_hosts knows another one for it. If it was set up anew, compare on its own screen (${compare}), then: ssh-keygen -R ${target.host} && ${scan} >> ~/.ssh/known_hosts`,
    );
  if (met === "new" && yes)
    throw new Error(
      `${shown}, which ~/.ssh/known_hosts does not know, and with --yes nobody compares it. Compare it once on its own screen (${compare}), then: ${scan} >> ~/.ssh/known_hosts`,
    );
  const hint =
    met === "known"
      ? "the one in ~/.ssh/known_hosts"
      : `new here: compare it on its own screen with ${compare}`;
  process.stderr.write(`${shown} (${hint}).\n\n`);
}

async function readIdentity(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new Error(`--identity ${file} cannot be read: ${error.message}`);
  });
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error && /encrypted/i.test(key.message))
    throw new Error(
      `--identity ${file} is protected by a password, which is not asked for here. Give it to your SSH agent (ssh-add ${file}) and leave --identity out.`,
    );
  if (key instanceof Error || !key.isPrivateKey())
    throw new Error(
      `--identity ${file} is no private key of SSH's (a file without .pub, as ssh-keygen writes it).`,
    );
  return text;
}
