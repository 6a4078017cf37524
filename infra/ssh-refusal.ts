import ssh2 from "ssh2";
import type { ErrorCode } from "./error-codes.ts";
import { fingerprint, pinCommand, shortType } from "./host-key.ts";
import { type SshDoor, sshTarget } from "./ssh-door.ts";

/** The way to the Pi is shut, at its own door or at the jump host's: what was seen, and what to do. */
export class PiUnreachable extends Error {
  readonly code: ErrorCode;
  readonly mend: string;

  constructor(code: ErrorCode, what: string, mend: string) {
    super(what);
    this.code = code;
    this.mend = mend;
  }
}

/** How a sentence begins: a Pi by its address alone, a jump host as what it is. */
const at = ({ name, host }: SshDoor): string => (name === "the Pi" ? host : `${name} ${host}`);

/** What a person does at the machine itself. */
const onIt = ({ name }: SshDoor): string => (name === "the Pi" ? "on the Pi" : "on the jump host");

const setKey = ({ key }: SshDoor, setting: string, value: string): string =>
  `npx pulumi config set --path openclaw-gateway:${key}.${setting} ${value}`;

/** Nothing to sign in with. */
export const noKey = () =>
  new PiUnreachable(
    "PI_NO_KEY",
    "there is no key to sign in at the Pi with: no SSH agent runs (SSH_AUTH_SOCK is not set) and openclaw-gateway:pi.privateKey is not set",
    'start an agent and give it your key: eval "$(ssh-agent)" && ssh-add\n    or put a key into the stack, encrypted: npx pulumi config set --path --secret openclaw-gateway:pi.privateKey < ~/.ssh/id_ed25519',
  );

/** The host showed another key than the pinned one, both as lines of `ssh-keyscan`. */
export function wrongHostKey(door: SshDoor, shown: string): PiUnreachable {
  const pinned = door.hostKey;
  const both = `\n    pinned ${fingerprint(pinned)} (${shortType(pinned)})\n    shown  ${fingerprint(shown)} (${shortType(shown)})`;
  if (shortType(pinned) === shortType(shown))
    return new PiUnreachable(
      "PI_HOST_KEY_CHANGED",
      `${at(door)} shows another host key than the pinned one:${both}`,
      `${door.name === "the Pi" ? "a new SD card or a new installation" : "a new installation"} has a new key. Look at ${door.name} itself, on its own screen: ssh-keygen -lf /etc/ssh/ssh_host_${shortType(shown)}_key.pub\n    if it prints what is shown here: ${pinCommand(door, shortType(shown))}\n    and then: npx pulumi up. If it prints something else, another machine answers at its address: stop here`,
    );
  const pinnable = ["ecdsa", "ed25519"].includes(shortType(shown));
  return new PiUnreachable(
    "PI_HOST_KEY_TYPE",
    `${at(door)} shows its ${shortType(shown)} key, and its ${shortType(pinned)} key is pinned:${both}`,
    `${pinnable ? "" : `let ${door.name} make the missing keys: ssh ${sshTarget(door)} sudo ssh-keygen -A\n    `}pin its ECDSA key, which Pulumi's plugin asks for first: ${pinCommand(door)}\n    and compare ${onIt(door)} itself: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub`,
  );
}

/** The host has no key of a kind that is asked for. */
export const noCommonHostKey = (door: SshDoor) =>
  new PiUnreachable(
    "PI_HOST_KEY_TYPE",
    `${at(door)} has no host key of a kind that this program can ask for`,
    `${onIt(door)}, let it make the missing keys: sudo ssh-keygen -A && sudo systemctl restart ssh\n    then: ${pinCommand(door)}`,
  );

/** The host refused to let the user in. */
export async function loginRefused(door: SshDoor, agent: string | undefined): Promise<PiUnreachable> {
  const keys = agent === undefined ? undefined : await agentKeys(agent);
  if (keys !== undefined && keys.length === 0)
    return new PiUnreachable(
      "PI_NO_KEY",
      "the SSH agent holds no key, and openclaw-gateway:pi.privateKey is not set",
      "give it yours: ssh-add",
    );
  const offered =
    keys === undefined
      ? [`openclaw-gateway:${door.signInKey}.privateKey`]
      : [`the SSH agent's ${keys.length === 1 ? "key" : `${keys.length} keys`}`, ...keys];
  return new PiUnreachable(
    "PI_LOGIN_REFUSED",
    `${at(door)} does not let ${door.user} in with ${offered.join("\n    ")}`,
    `is there a user ${door.user}? another is set with: ${setKey(door, "user", "USER")}\n    if so, put your public key there: ${copyId(door)}\n    and see it work: ssh ${sshTarget(door)} true`,
  );
}

/** ssh-copy-id knows no -J, only ssh's options (ssh-copy-id(1)). */
const copyId = ({ behind, ...door }: SshDoor): string =>
  `ssh-copy-id ${behind ? `-o ProxyJump=${sshTarget(behind).replace(/^-p (\d+) (.*)$/, "$2:$1")} ` : ""}${sshTarget(door)}`;

/** Fingerprints and comments of what an agent holds; undefined when it does not say. */
function agentKeys(socket: string): Promise<string[] | undefined> {
  return new Promise((resolve) => {
    ssh2.createAgent(socket).getIdentities((error, keys) => {
      if (error || !keys) return resolve(undefined);
      resolve(
        keys.flatMap((key) => {
          const parsed = ssh2.utils.parseKey(key as ssh2.ParsedKey);
          if (parsed instanceof Error) return [];
          const line = `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
          return [`${fingerprint(line)} ${parsed.comment ?? ""}`.trim()];
        }),
      );
    });
  });
}

export const agentSilent = (socket: string) =>
  new PiUnreachable(
    "PI_NO_KEY",
    `no SSH agent answers at ${socket} (SSH_AUTH_SOCK), and openclaw-gateway:pi.privateKey is not set`,
    'start one and give it your key: eval "$(ssh-agent)" && ssh-add',
  );

/** ssh2's words when the other side hangs up before it has greeted. */
export const hangUpWords = "lost before handshake";

/** Every try of the given time failed at the same door. */
export function unreachable(door: SshDoor, seen: readonly NodeJS.ErrnoException[]): PiUnreachable {
  const { host, port } = door;
  const tries = `${seen.length} ${seen.length === 1 ? "try" : "tries"}`;
  const words = [...new Set(seen.map(({ message }) => message))].join("; ");
  const another = setKey(door, "host", "ADDRESS");
  switch (seen.at(-1)?.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new PiUnreachable(
        "PI_NAME_UNKNOWN",
        `${door.name === "the Pi" ? "the name" : "the jump host's name"} ${host} leads nowhere: no address was found for it in ${tries} (${words})`,
        `set ${door.name === "the Pi" ? "the Pi's address instead, as your router lists it or as the Pi says with hostname -I" : "its address instead"}: ${another}`,
      );
    case "ECONNREFUSED":
      return new PiUnreachable(
        "PI_NO_SSH",
        `${at(door)} answers, but no SSH server does on its port ${port} (${tries}: ${words})`,
        `${onIt(door)}: sudo systemctl enable --now ssh; another port is set with: ${setKey(door, "port", "PORT")}`,
      );
  }
  if (words.includes(hangUpWords)) return notSsh(door, `${tries}: ${words}`);
  const { behind } = door;
  return new PiUnreachable(
    "PI_UNREACHABLE",
    `${at(door)} port ${port} was not reached in ${tries}${behind ? ` from ${at(behind)}, which was` : ""}: ${words}`,
    `is ${door.name} on, and on ${behind ? "the jump host's" : "this"} network? try: ssh ${sshTarget(door)}; another address is set with: ${another}${door.name === "the Pi" ? "\n    is it gone for good? then see pi.abandoned in docs/reaching-the-pi.md" : ""}`,
  );
}

/** The jump host lets in, and not on. */
export const noForwarding = (jump: SshDoor, { host, port }: SshDoor) =>
  new PiUnreachable(
    "PI_JUMP_FORWARDING",
    `${at(jump)} lets ${jump.user} in, but does not open a way on to ${host} port ${port}`,
    `allow it there, in /etc/ssh/sshd_config: AllowTcpForwarding yes (or local), and PermitOpen ${host}:${port} where it has a list; see what holds for ${jump.user}, on the jump host: sudo sshd -T -C user=${jump.user} | grep -iE 'forwarding|permitopen'`,
  );

/** Something answers at the port that does not speak SSH, or not to this machine. */
export const notSsh = (door: SshDoor, words: string) =>
  new PiUnreachable(
    "PI_NO_SSH",
    `what answers at ${at(door)} port ${door.port} is not an SSH server, or one that hangs up on this machine (${words})`,
    `see which program it is, ${onIt(door)}: sudo ss -ltnp 'sport = :${door.port}', and what it says: sudo journalctl -u ssh -n 20\n    SSH's port is set with: ${setKey(door, "port", "PORT")}`,
  );
