import ssh2 from "ssh2";
import type { PiConfig } from "./config.ts";
import type { ErrorCode } from "./error-codes.ts";
import { fingerprint, pinCommand, shortType } from "./host-key.ts";

/** The way to the Pi is shut: what was seen, and what to do. */
export class PiUnreachable extends Error {
  readonly code: ErrorCode;
  readonly mend: string;

  constructor(code: ErrorCode, what: string, mend: string) {
    super(what);
    this.code = code;
    this.mend = mend;
  }
}

/** How a person signs in at the Pi by hand: the arguments of `ssh`. */
export const sshTarget = ({ user, host, port }: PiConfig): string =>
  `${port === 22 ? "" : `-p ${port} `}${user}@${host}`;

/** Nothing to sign in with. */
export const noKey = () =>
  new PiUnreachable(
    "PI_NO_KEY",
    "there is no key to sign in at the Pi with: no SSH agent runs (SSH_AUTH_SOCK is not set) and openclaw-gateway:pi.privateKey is not set",
    'start an agent and give it your key: eval "$(ssh-agent)" && ssh-add\n    or put a key into the stack, encrypted: npx pulumi config set --path --secret openclaw-gateway:pi.privateKey < ~/.ssh/id_ed25519',
  );

/**
 * Looks at the configured key before it is used, since a key that cannot be read is refused by every host.
 *
 * @throws PiUnreachable when it is a public key, asks for a password, or is no key that SSH knows
 */
export function requireUsableKey(privateKey: string): void {
  const parsed = ssh2.utils.parseKey(privateKey);
  const set = "npx pulumi config set --path --secret openclaw-gateway:pi.privateKey < FILE";
  if (parsed instanceof Error && /encrypted/i.test(parsed.message))
    throw new PiUnreachable(
      "PI_KEY_PASSWORD",
      "openclaw-gateway:pi.privateKey is protected by a password, which nobody is there to type",
      `give it to your SSH agent instead: npx pulumi config rm --path openclaw-gateway:pi.privateKey && ssh-add FILE\n    or make a key for this alone: ssh-keygen -t ed25519 -N '' -f FILE, put FILE.pub on the Pi with ssh-copy-id -i FILE.pub, and: ${set}`,
    );
  if (parsed instanceof Error)
    throw new PiUnreachable(
      "PI_KEY_FORMAT",
      "openclaw-gateway:pi.privateKey is not a private key in a format that SSH here reads (OpenSSH or PEM)",
      `set the whole file, with its BEGIN and END lines: ${set}\n    an older format is turned into OpenSSH's by: ssh-keygen -p -f FILE; a key of PuTTY (.ppk) is turned into one by: puttygen KEY.ppk -O private-openssh -o FILE`,
    );
  if (!parsed.isPrivateKey())
    throw new PiUnreachable(
      "PI_KEY_FORMAT",
      "openclaw-gateway:pi.privateKey is the public key; signing in takes the private one",
      `it is in the file of the same name without .pub: ${set}`,
    );
}

/** The host showed another key than the pinned one, both as lines of `ssh-keyscan`. */
export function wrongHostKey(pi: PiConfig, pinned: string, shown: string): PiUnreachable {
  const both = `\n    pinned ${fingerprint(pinned)} (${shortType(pinned)})\n    shown  ${fingerprint(shown)} (${shortType(shown)})`;
  if (shortType(pinned) === shortType(shown))
    return new PiUnreachable(
      "PI_HOST_KEY_CHANGED",
      `${pi.host} shows another host key than the pinned one:${both}`,
      `a new SD card or a new installation has a new key. Look at the Pi itself, on its own screen: ssh-keygen -lf /etc/ssh/ssh_host_${shortType(shown)}_key.pub\n    if it prints what is shown here: ${pinCommand(pi, shortType(shown))}\n    and then: npx pulumi up. If it prints something else, another machine answers at its address: stop here`,
    );
  const pinnable = ["ecdsa", "ed25519"].includes(shortType(shown));
  return new PiUnreachable(
    "PI_HOST_KEY_TYPE",
    `${pi.host} shows its ${shortType(shown)} key, and its ${shortType(pinned)} key is pinned:${both}`,
    `${pinnable ? "" : `let the Pi make the missing keys: ssh ${sshTarget(pi)} sudo ssh-keygen -A\n    `}pin its ECDSA key, which Pulumi's plugin asks for first: ${pinCommand(pi)}\n    and compare on the Pi itself: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub`,
  );
}

/** The host has no key of a kind that is asked for. */
export const noCommonHostKey = (pi: PiConfig) =>
  new PiUnreachable(
    "PI_HOST_KEY_TYPE",
    `${pi.host} has no host key of a kind that this program can ask for`,
    `on the Pi, let it make the missing keys: sudo ssh-keygen -A && sudo systemctl restart ssh\n    then: ${pinCommand(pi)}`,
  );

/** The host refused to let the user in. */
export async function loginRefused(pi: PiConfig, agent: string | undefined): Promise<PiUnreachable> {
  const keys = agent === undefined ? undefined : await agentKeys(agent);
  if (keys !== undefined && keys.length === 0)
    return new PiUnreachable(
      "PI_NO_KEY",
      "the SSH agent holds no key, and openclaw-gateway:pi.privateKey is not set",
      "give it yours: ssh-add",
    );
  const offered =
    keys === undefined
      ? ["openclaw-gateway:pi.privateKey"]
      : [`the SSH agent's ${keys.length === 1 ? "key" : `${keys.length} keys`}`, ...keys];
  return new PiUnreachable(
    "PI_LOGIN_REFUSED",
    `${pi.host} does not let ${pi.user} in with ${offered.join("\n    ")}`,
    `is there a user ${pi.user}? another is set with: npx pulumi config set --path openclaw-gateway:pi.user USER\n    if so, put your public key there: ssh-copy-id ${sshTarget(pi)}\n    and see it work: ssh ${sshTarget(pi)} true`,
  );
}

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
export function unreachable(pi: PiConfig, seen: readonly NodeJS.ErrnoException[]): PiUnreachable {
  const { host, port } = pi;
  const tries = `${seen.length} ${seen.length === 1 ? "try" : "tries"}`;
  const words = [...new Set(seen.map(({ message }) => message))].join("; ");
  const another = "npx pulumi config set --path openclaw-gateway:pi.host ADDRESS";
  switch (seen.at(-1)?.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new PiUnreachable(
        "PI_NAME_UNKNOWN",
        `the name ${host} leads nowhere: no address was found for it in ${tries} (${words})`,
        `set the Pi's address instead, as your router lists it or as the Pi says with hostname -I: ${another}`,
      );
    case "ECONNREFUSED":
      return new PiUnreachable(
        "PI_NO_SSH",
        `${host} answers, but no SSH server does on its port ${port} (${tries}: ${words})`,
        `on the Pi: sudo systemctl enable --now ssh; another port is set with: npx pulumi config set --path openclaw-gateway:pi.port PORT`,
      );
  }
  if (words.includes(hangUpWords)) return notSsh(pi, `${tries}: ${words}`);
  return new PiUnreachable(
    "PI_UNREACHABLE",
    `${host} port ${port} was not reached in ${tries}: ${words}`,
    `is the Pi on, and on this network? try: ssh ${sshTarget(pi)}; another address is set with: ${another}`,
  );
}

/** Something answers at the port that does not speak SSH, or not to this machine. */
export const notSsh = ({ host, port }: PiConfig, words: string) =>
  new PiUnreachable(
    "PI_NO_SSH",
    `what answers at ${host} port ${port} is not an SSH server, or one that hangs up on this machine (${words})`,
    `see which program it is, on the Pi: sudo ss -ltnp 'sport = :${port}', and what it says: sudo journalctl -u ssh -n 20\n    SSH's port is set with: npx pulumi config set --path openclaw-gateway:pi.port PORT`,
  );
