import { setTimeout as pause } from "node:timers/promises";
import ssh2 from "ssh2";
import type { PiConfig } from "./config.ts";
import { goHostKeyOrder, hostKeyLine } from "./host-key.ts";
import {
  agentSilent,
  hangUpWords,
  loginRefused,
  noCommonHostKey,
  noKey,
  notSsh,
  PiUnreachable,
  requireUsableKey,
  unreachable,
  wrongHostKey,
} from "./ssh-refusal.ts";

/** Within this an unreachable Pi is given up, all tries together. */
const patienceMs = 30_000;
/**
 * Within this a name that is not found, or a door where no SSH answers: most often it is misspelt. An mDNS name may take
 * a second question, and a busy sshd hangs up too (MaxStartups in sshd_config(5)).
 */
const shortPatienceMs = 5_000;
const dialTimeoutMs = 8_000;
/** A look takes a few seconds; a Pi that is swapping takes longer. */
const commandTimeoutMs = 60_000;

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
 * @param timeoutMs the command is given up after this time
 * @param connectWithinMs what may pass is tried again for this time
 * @throws PiUnreachable
 */
export async function runOverSsh(
  pi: PiConfig,
  command: string,
  stdin: string,
  timeoutMs = commandTimeoutMs,
  connectWithinMs = patienceMs,
): Promise<SshResult> {
  if (pi.privateKey !== undefined) requireUsableKey(pi.privateKey);
  const client = await connectPatiently(pi, connectWithinMs);
  try {
    return await run(client, command, stdin, timeoutMs);
  } finally {
    // Not end(): that waits for the other side, which may have been unplugged.
    client.destroy();
  }
}

async function connectPatiently(pi: PiConfig, withinMs: number): Promise<ssh2.Client> {
  const started = Date.now();
  const seen: NodeJS.ErrnoException[] = [];
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    const leftMs = withinMs - (Date.now() - started);
    try {
      return await connect(pi, Math.min(dialTimeoutMs, Math.max(1_000, leftMs)));
    } catch (error) {
      if (error instanceof PiUnreachable) throw error;
      seen.push(error as NodeJS.ErrnoException);
      const soon = isLikelyMisspelt(error as NodeJS.ErrnoException);
      const deadline = started + (soon ? shortPatienceMs : withinMs);
      if (Date.now() + pauseMs >= deadline) throw unreachable(pi, seen);
      await pause(pauseMs);
    }
  }
}

const isLikelyMisspelt = ({ code, message }: NodeJS.ErrnoException) =>
  ["ENOTFOUND", "EAI_AGAIN"].includes(code ?? "") || message.includes(hangUpWords);

type SshError = NodeJS.ErrnoException & { level?: string };

function connect(pi: PiConfig, timeoutMs: number): Promise<ssh2.Client> {
  const agent = pi.privateKey === undefined ? process.env.SSH_AUTH_SOCK : undefined;
  if (pi.privateKey === undefined && !agent) throw noKey();
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let shown: string | undefined;
    client.once("ready", () => {
      client.off("close", hungUp);
      resolve(client);
    });
    const hungUp = () => reject(new Error("the connection was closed before the login"));
    client.on("error", async (error: SshError) => {
      client.off("close", hungUp);
      client.destroy();
      reject(await explain(pi, error, shown, agent));
    });
    client.once("close", hungUp);
    client.connect({
      host: pi.host,
      port: pi.port,
      username: pi.user,
      privateKey: pi.privateKey,
      agent,
      readyTimeout: timeoutMs,
      algorithms: { serverHostKey: goHostKeyOrder },
      hostVerifier: (key: Buffer) => {
        shown = hostKeyLine(key);
        return shown === pi.hostKey;
      },
    });
  });
}

/** An error of ssh2 as a refusal that is final; as it is when another try may go better. */
async function explain(
  pi: PiConfig,
  error: SshError,
  shown: string | undefined,
  agent: string | undefined,
): Promise<Error> {
  if (shown !== undefined && shown !== pi.hostKey) return wrongHostKey(pi, pi.hostKey, shown);
  if (error.message.includes("no matching host key format")) return noCommonHostKey(pi);
  if (error.level === "agent" && agent) return agentSilent(agent);
  if (error.level === "client-authentication" || error.message.includes("Too many authentication failures"))
    return loginRefused(pi, agent);
  // ssh2's words for a greeting that is not SSH's (RFC 4253, 4.2).
  if (error.level === "handshake" || error.level === "protocol") {
    if (/identification|Invalid (?:header|version)|SSH greeting/i.test(error.message))
      return notSsh(pi, error.message);
  }
  return error;
}

function run(client: ssh2.Client, command: string, stdin: string, timeoutMs: number): Promise<SshResult> {
  return new Promise<SshResult>((resolve, reject) => {
    const late = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs);
    const lost = () => {
      clearTimeout(late);
      reject(
        new PiUnreachable(
          "PI_CONNECTION_LOST",
          "the connection to the Pi was lost while it was being looked at",
          "is it still on? then run npx pulumi up again",
        ),
      );
    };
    client.on("error", lost);
    client.once("close", lost);
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
      stream.on("error", () => {}); // a command may end without reading its input
      stream.end(stdin);
    });
  });
}

const tooSlow = (timeoutMs: number) =>
  new PiUnreachable(
    "PI_TOO_SLOW",
    `the Pi did not answer within ${timeoutMs / 1000} s`,
    "look at its load (ssh in, then: uptime; free -m), then run npx pulumi up again",
  );
