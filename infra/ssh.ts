import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import ssh2 from "ssh2";
import type { PiConfig } from "./config.ts";

/** Within this an unreachable Pi is given up, all tries together. */
const patienceMs = 30_000;
const dialTimeoutMs = 8_000;
/** A look takes a few seconds; a Pi that is swapping takes longer. */
const commandTimeoutMs = 60_000;

/** The way to the Pi is shut: what was seen, and what to do. */
export class PiUnreachable extends Error {
  readonly code: string;
  readonly mend: string;

  constructor(code: string, what: string, mend: string) {
    super(what);
    this.code = code;
    this.mend = mend;
  }
}

export interface SshResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one command on the Pi over SSH, with the host key pinned.
 *
 * What may pass (refused, no route, a dial that times out) is tried again with growing pauses, at most 30 s in all;
 * a wrong host key or a refused login is final at once.
 *
 * @throws PiUnreachable
 */
export async function runOverSsh(pi: PiConfig, command: string, stdin: string): Promise<SshResult> {
  const client = await connectWithin(pi, Date.now() + patienceMs);
  try {
    return await run(client, command, stdin);
  } finally {
    // Not end(): that waits for the other side, which may have been unplugged.
    client.destroy();
  }
}

async function connectWithin(pi: PiConfig, deadline: number): Promise<ssh2.Client> {
  const tried: string[] = [];
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await connect(pi, Math.min(dialTimeoutMs, Math.max(1_000, deadline - Date.now())));
    } catch (error) {
      if (error instanceof PiUnreachable) throw error;
      tried.push((error as Error).message);
      if (Date.now() + pauseMs >= deadline) {
        const words = [...new Set(tried)].join("; ");
        throw new PiUnreachable(
          "PI_UNREACHABLE",
          `${pi.host} port ${pi.port} was not reached in ${tried.length} tries: ${words}`,
          `is the Pi on, and on this network? try: ssh ${pi.port === 22 ? "" : `-p ${pi.port} `}${pi.user}@${pi.host}; another address is set with: npx pulumi config set --path openclaw-gateway:pi.host ADDRESS`,
        );
      }
      await pause(pauseMs);
    }
  }
}

function connect(pi: PiConfig, timeoutMs: number): Promise<ssh2.Client> {
  const [type = "", pinned = ""] = pi.hostKey.split(" ");
  const agent = pi.privateKey === undefined ? process.env.SSH_AUTH_SOCK : undefined;
  if (pi.privateKey === undefined && !agent) {
    throw new PiUnreachable(
      "PI_NO_KEY",
      "there is no key to sign in at the Pi with: no SSH agent runs (SSH_AUTH_SOCK is not set) and openclaw-gateway:pi.privateKey is not set",
      "start an agent (eval $(ssh-agent) && ssh-add), or: npx pulumi config set --path --secret openclaw-gateway:pi.privateKey < ~/.ssh/id_ed25519",
    );
  }
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let shown: string | undefined;
    client.once("ready", () => resolve(client));
    client.once("error", (error: Error & { level?: string }) => {
      client.destroy();
      reject(explain(pi, error, pinned, shown));
    });
    client.connect({
      host: pi.host,
      port: pi.port,
      username: pi.user,
      privateKey: pi.privateKey,
      agent,
      readyTimeout: timeoutMs,
      // The only kind that is pinned: without this a host that also has other keys might show one of those.
      algorithms: { serverHostKey: [type as ssh2.ServerHostKeyAlgorithm] },
      hostVerifier: (key: Buffer) => {
        shown = key.toString("base64");
        return shown === pinned;
      },
    });
  });
}

function explain(
  pi: PiConfig,
  error: Error & { level?: string },
  pinned: string,
  shown: string | undefined,
): Error {
  if (shown !== undefined && shown !== pinned) {
    return new PiUnreachable(
      "PI_HOST_KEY_CHANGED",
      `${pi.host} shows another host key than the pinned one:\n    pinned ${fingerprint(pinned)}\n    shown  ${fingerprint(shown)}`,
      `if it was set up anew, compare on the Pi itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: npx pulumi config set --path openclaw-gateway:pi.hostKey "$(ssh-keyscan -t ed25519 ${pi.host} | cut -d' ' -f2-)"; if not, something else answers at its address`,
    );
  }
  if (error.level === "client-authentication") {
    return new PiUnreachable(
      "PI_LOGIN_REFUSED",
      `${pi.host} does not let ${pi.user} in with ${pi.privateKey === undefined ? "the keys of the SSH agent" : "openclaw-gateway:pi.privateKey"}`,
      `put the public key there: ssh-copy-id ${pi.user}@${pi.host}`,
    );
  }
  return error;
}

/** As `ssh-keygen -l` shows it: SHA256, base64 without padding. */
export const fingerprint = (base64Key: string): string =>
  `SHA256:${createHash("sha256").update(Buffer.from(base64Key, "base64")).digest("base64").replace(/=+$/, "")}`;

function run(client: ssh2.Client, command: string, stdin: string): Promise<SshResult> {
  return new Promise<SshResult>((resolve, reject) => {
    const late = setTimeout(() => reject(tooSlow()), commandTimeoutMs);
    client.once("error", reject);
    client.once("close", () => {
      clearTimeout(late);
      reject(
        new PiUnreachable(
          "PI_CONNECTION_LOST",
          "the connection to the Pi was lost",
          "run npx pulumi up again",
        ),
      );
    });
    client.exec(command, (error, stream) => {
      if (error) return reject(error);
      let stdout = "";
      let stderr = "";
      stream.on("data", (chunk: Buffer) => {
        stdout += chunk;
      });
      stream.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk;
      });
      stream.on("close", (code: number | null) => resolve({ code: code ?? 255, stdout, stderr }));
      stream.end(stdin);
    });
  });
}

const tooSlow = () =>
  new PiUnreachable(
    "PI_TOO_SLOW",
    `the Pi did not answer within ${commandTimeoutMs / 1000} s`,
    "look at its load, then run npx pulumi up again",
  );
