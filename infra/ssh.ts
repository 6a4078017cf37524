import { setTimeout as pause } from "node:timers/promises";
import ssh2 from "ssh2";
import { goHostKeyOrder, hostKeyLine } from "./host-key.ts";
import { doorOf, type SshDoor, type WayToPi } from "./ssh-door.ts";
import { requireUsableKey } from "./ssh-key.ts";
import {
  agentSilent,
  hangUpWords,
  loginRefused,
  noCommonHostKey,
  noForwarding,
  noKey,
  notSsh,
  PiUnreachable,
  unreachable,
  wrongHostKey,
} from "./ssh-refusal.ts";

/** Within this an unreachable Pi is given up, all tries together, its jump host's among them. */
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
 * Runs one command on the Pi over SSH, through its jump host where it has one, with the host keys pinned.
 *
 * What may pass (refused, no route, a dial that times out) is tried again with growing pauses, at most 30 s in all;
 * a wrong host key or a refused login is final at once.
 *
 * @param timeoutMs the command is given up after this time
 * @param connectWithinMs what may pass is tried again for this time
 * @throws PiUnreachable
 */
export async function runOverSsh(
  pi: WayToPi,
  command: string,
  stdin: string,
  timeoutMs = commandTimeoutMs,
  connectWithinMs = patienceMs,
): Promise<SshResult> {
  const door = doorOf(pi);
  for (const one of door.behind ? [door.behind, door] : [door]) requireUsableKey(one);
  const connection = await connectPatiently(door, connectWithinMs);
  try {
    return await run(connection.client, command, stdin, timeoutMs);
  } finally {
    connection.close();
  }
}

interface Connection {
  readonly client: ssh2.Client;
  close(): void;
}

/** What went wrong at which of the two doors, when another try may go better. */
interface Missed {
  readonly door: SshDoor;
  readonly error: NodeJS.ErrnoException;
}

async function connectPatiently(door: SshDoor, withinMs: number): Promise<Connection> {
  const started = Date.now();
  const missed: Missed[] = [];
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    const leftMs = withinMs - (Date.now() - started);
    try {
      return await connect(door, Date.now() + Math.min(dialTimeoutMs, Math.max(1_000, leftMs)), missed);
    } catch (error) {
      if (error instanceof PiUnreachable) throw error;
      const last = missed.at(-1) as Missed;
      const deadline = started + (isLikelyMisspelt(last.error) ? shortPatienceMs : withinMs);
      if (Date.now() + pauseMs >= deadline)
        throw unreachable(
          last.door,
          missed.filter((one) => one.door === last.door).map((one) => one.error),
        );
      await pause(pauseMs);
    }
  }
}

const isLikelyMisspelt = ({ code, message }: NodeJS.ErrnoException) =>
  ["ENOTFOUND", "EAI_AGAIN"].includes(code ?? "") || message.includes(hangUpWords);

type SshError = NodeJS.ErrnoException & { level?: string };

/**
 * One try, through the jump host first.
 *
 * @param missed is told where it failed, when another try may go better
 */
async function connect(door: SshDoor, deadline: number, missed: Missed[]): Promise<Connection> {
  const { behind } = door;
  const jump = behind && (await connect(behind, deadline, missed));
  try {
    const sock = jump && (await forward(jump.client, door, deadline));
    const client = await signIn(door, deadline, sock);
    // Not end(): that waits for the other side, which may have been unplugged. The way goes with what leads there.
    return { client, close: () => (jump ? jump.close() : client.destroy()) };
  } catch (error) {
    jump?.close();
    if (!(error instanceof PiUnreachable)) missed.push({ door, error: error as Error });
    throw error;
  }
}

/** A way on from the jump host, whose sshd does not say for minutes that nothing answers it. */
function forward(jump: ssh2.Client, door: SshDoor, deadline: number): Promise<ssh2.ClientChannel> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no answer")), Math.max(1_000, deadline - Date.now()));
    jump.forwardOut("127.0.0.1", 0, door.host, door.port, (error, channel) => {
      clearTimeout(late);
      if (!error) return resolve(channel);
      // RFC 4254, 5.1: 1 is administratively prohibited, 2 is connect failed.
      const { reason } = error as Error & { reason?: number };
      if (reason === 1) return reject(noForwarding(door.behind as SshDoor, door));
      reject(new Error(error.message.replace("(SSH) Channel open failure: ", "")));
    });
  });
}

function signIn(door: SshDoor, deadline: number, sock?: ssh2.ClientChannel): Promise<ssh2.Client> {
  const { host, port, user, hostKey, privateKey, privateKeyPassword } = door;
  const agent = privateKey === undefined ? process.env.SSH_AUTH_SOCK : undefined;
  if (privateKey === undefined && !agent) throw noKey();
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
      reject(await explain(door, error, shown, agent));
    });
    client.once("close", hungUp);
    client.connect({
      host,
      port,
      username: user,
      privateKey,
      passphrase: privateKeyPassword,
      agent,
      sock,
      readyTimeout: Math.max(1_000, deadline - Date.now()),
      algorithms: { serverHostKey: goHostKeyOrder },
      hostVerifier: (key: Buffer) => {
        shown = hostKeyLine(key);
        return shown === hostKey;
      },
    });
  });
}

/** An error of ssh2 as a refusal that is final; as it is when another try may go better. */
async function explain(
  door: SshDoor,
  error: SshError,
  shown: string | undefined,
  agent: string | undefined,
): Promise<Error> {
  if (shown !== undefined && shown !== door.hostKey) return wrongHostKey(door, shown);
  if (error.message.includes("no matching host key format")) return noCommonHostKey(door);
  if (error.level === "agent" && agent) return agentSilent(agent);
  if (error.level === "client-authentication" || error.message.includes("Too many authentication failures"))
    return loginRefused(door, agent);
  // ssh2's words for a greeting that is not SSH's (RFC 4253, 4.2).
  if (error.level === "handshake" || error.level === "protocol") {
    if (/identification|Invalid (?:header|version)|SSH greeting/i.test(error.message))
      return notSsh(door, error.message);
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
