import { Client, type ClientChannel, type ConnectConfig } from "ssh2";
import type { CommandResult } from "./run.ts";

export interface SshTarget {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The key the server has to prove it holds, "ssh-ed25519 AAAA…". */
  readonly hostKey: string;
  /** The user's private key, OpenSSH PEM; without one the SSH agent's keys are tried. */
  readonly privateKey?: string;
}

/**
 * Runs one command over a connection of its own.
 *
 * @throws Error when the login fails, the server's key is another, or the command does not end in time
 */
export async function sshExec(
  target: SshTarget,
  command: string,
  { stdin = "", timeoutMs = 60_000 }: { stdin?: string; timeoutMs?: number } = {},
): Promise<CommandResult> {
  const client = new Client();
  let timer: NodeJS.Timeout | undefined;
  try {
    const expired = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`Not finished after ${timeoutMs} ms: ${command}`)),
        timeoutMs,
      );
    });
    const done = login(client, target).then(() => execute(client, command, stdin));
    return await Promise.race([expired, done]);
  } finally {
    clearTimeout(timer);
    client.destroy(); // end() would wait for an answer, which a host that was stopped never gives
  }
}

/** Connects a client and signs in, with the host's key pinned. */
export function login(client: Client, target: SshTarget): Promise<void> {
  const [algorithm = "", key = ""] = target.hostKey.split(" ");
  const config: ConnectConfig = {
    host: target.address,
    port: target.port,
    username: target.user,
    ...(target.privateKey === undefined
      ? { agent: process.env.SSH_AUTH_SOCK }
      : { privateKey: target.privateKey }),
    keepaliveInterval: 5_000,
    readyTimeout: 20_000,
    // The server has several keys and shows the one that is asked for: ask for the one we know (RFC 4253, 7.1).
    algorithms: { serverHostKey: [algorithm as "ssh-ed25519"] },
    hostVerifier: (offered: Buffer) => offered.equals(Buffer.from(key, "base64")),
  };
  return new Promise((resolve, reject) => {
    client.on("ready", resolve).on("error", reject);
    client.on("close", () => reject(new Error("The SSH connection was closed.")));
    client.connect(config);
  });
}

function execute(client: Client, command: string, stdin: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    client.on("close", () => reject(new Error(`The SSH connection was closed during: ${command}`)));
    client.exec(command, (error, channel: ClientChannel) => {
      if (error) return reject(error);
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      channel.on("data", (chunk: Buffer) => out.push(chunk));
      channel.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      channel.on("close", (code: number | null, signal?: string) => {
        const result = { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
        if (code === null)
          reject(new Error(`${command} was ended by ${signal ?? "the server"}: ${result.stderr}`));
        else resolve({ code, ...result });
      });
      channel.end(stdin);
    });
  });
}
