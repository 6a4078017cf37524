import { setTimeout as delay } from "node:timers/promises";
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from "ssh2";
import { goHostKeyOrder } from "../../infra/host-key.ts";

/** `connection` of command.remote.Command, defaults filled in by the SDK. */
export interface Connection {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly password?: string;
  readonly agentSocketPath?: string;
  /** One authorized_keys line; without it any host is trusted. */
  readonly hostKey?: string;
  readonly dialErrorLimit?: number;
  /** Seconds. */
  readonly perDialTimeout?: number;
  readonly proxy?: Connection;
}

/**
 * Connects as pulumi-command does, which is read in its remote/connection.go: through a proxy it takes three steps, each
 * tried again by itself, the last one on a connection that its first failure has closed.
 *
 * @throws in the words of Go's net and crypto/ssh
 */
export async function dial(connection: Connection, retrying: (message: string) => void): Promise<Client> {
  requireKeyThatParses(connection);
  const { host, port = 22, proxy } = connection;
  const tries = connection.dialErrorLimit ?? 10;
  if (!proxy) return dialWithRetry("Dial", tries, retrying, () => connect(connection, {}));
  let bastion: Client | undefined;
  try {
    requireKeyThatParses(proxy);
    const way = await dialWithRetry("Dial proxy", proxy.dialErrorLimit ?? 10, retrying, () =>
      connect(proxy, {}),
    );
    bastion = way;
    const sock = await dialWithRetry("Dial from proxy", tries, retrying, () => forward(way, host, port));
    let closed = false;
    const client = await dialWithRetry("Dial", tries, retrying, () => {
      if (closed) throw new Error("ssh: handshake failed: EOF");
      closed = true;
      return connect(connection, { sock });
    });
    client.once("close", () => way.end());
    return client;
  } catch (error) {
    bastion?.end();
    throw new Error(`proxy: ${(error as Error).message}`);
  }
}

/**
 * Tries until it works or `limit` more attempts have failed; the pauses are those of pulumi/sdk's retry package: 100 ms,
 * half as long again each time, 5 s at most.
 */
async function dialWithRetry<T>(
  what: string,
  limit: number,
  retrying: (message: string) => void,
  attemptOnce: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0, pause = 100; ; attempt++, pause = Math.min(pause * 1.5, 5000)) {
    try {
      return await attemptOnce();
    } catch (error) {
      if (limit > -1 && attempt + 1 > limit) {
        throw new Error(`after ${attempt} failed attempts: ${(error as Error).message}`);
      }
      retrying(`${what} ${attempt + 1}/${limit === -1 ? "inf" : limit} failed: retrying`);
      await delay(pause);
    }
  }
}

/** Reasons of RFC 4254, 5.1, in the words of crypto/ssh. */
const rejections = [
  "",
  "administratively prohibited",
  "connect failed",
  "unknown channel type",
  "resource shortage",
];

/** As long as the proxy's own dial takes: the plugin sets no limit to it. */
const forward = (bastion: Client, host: string, port: number): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      if (!error) return resolve(channel);
      const { reason = 2 } = error as Error & { reason?: number };
      const words = error.message.replace("(SSH) Channel open failure: ", "");
      reject(new Error(`ssh: rejected: ${rejections[reason]} (${words})`));
    });
  });

/** The key is read before the first dial; crypto/ssh refuses a password that a key does not have, too. */
function requireKeyThatParses({ privateKey, privateKeyPassword }: Connection): void {
  if (!privateKey) return;
  const bare = ssh2.utils.parseKey(privateKey);
  const asks = bare instanceof Error && /encrypted/i.test(bare.message);
  if (!asks && bare instanceof Error) throw new Error("ssh: no key found");
  if (!asks && privateKeyPassword !== undefined) throw new Error("ssh: key is not password protected");
  if (asks && privateKeyPassword === undefined)
    throw new Error("ssh: this private key is passphrase protected");
  if (ssh2.utils.parseKey(privateKey, privateKeyPassword) instanceof Error)
    throw new Error("x509: decryption password incorrect");
}

/** One attempt. The client is ready when it resolves; whoever gets it ends it. */
function connect(connection: Connection, extra: Partial<ConnectConfig>): Promise<Client> {
  const { host, port = 22, user = "root", privateKey, privateKeyPassword, password, hostKey } = connection;
  const expected = hostKey === undefined ? undefined : parseHostKey(hostKey);
  const agent = connection.agentSocketPath || process.env.SSH_AUTH_SOCK;
  const timeoutMs = (connection.perDialTimeout ?? 15) * 1000;
  const client = new ssh2.Client();
  let mismatch = false;
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { level?: string }) => {
      client.destroy();
      reject(
        new Error(mismatch ? "ssh: handshake failed: ssh: host key mismatch" : goWords(error, host, port)),
      );
    };
    client.once("error", fail);
    client.once("close", () => fail(new Error("closed before it was ready")));
    client.once("ready", () => {
      client.removeAllListeners("close");
      client.off("error", fail);
      // The session's own end tells of a lost connection; without a listener Node would end the process.
      client.on("error", () => {});
      resolve(client);
    });
    try {
      client.connect({
        host,
        port,
        username: user,
        readyTimeout: timeoutMs,
        ...(privateKey ? { privateKey } : {}),
        ...(privateKeyPassword ? { passphrase: privateKeyPassword } : {}),
        ...(password ? { password, tryKeyboard: true } : {}),
        ...(agent ? { agent } : {}),
        // A guess, and the worse of two: that the plugin does not ask for the pinned kind alone.
        algorithms: { serverHostKey: goHostKeyOrder },
        hostVerifier: (key: Buffer) => {
          mismatch = expected !== undefined && !key.equals(expected);
          return !mismatch;
        },
        ...extra,
      });
      client.on("keyboard-interactive", (_name, _instructions, _lang, prompts, finish) => {
        finish(prompts.map(() => password ?? ""));
      });
    } catch (error) {
      reject(error);
    }
  });
}

function parseHostKey(line: string): Buffer {
  const parsed = ssh2.utils.parseKey(line);
  if (parsed instanceof Error) throw new Error("ssh: no key found");
  return parsed.getPublicSSH();
}

/** An error of ssh2 or Node in the words of Go's net and golang.org/x/crypto/ssh. */
function goWords(error: NodeJS.ErrnoException & { level?: string }, host: string, port: number): string {
  const at = `dial tcp ${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case "ECONNREFUSED":
      return `${at}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `${at}: connect: no route to host`;
    case "ENETUNREACH":
      return `${at}: connect: network is unreachable`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${host}: no such host`;
    case "ECONNRESET":
      return "ssh: handshake failed: read: connection reset by peer";
  }
  if (error.level === "client-timeout") return `${at}: i/o timeout`;
  if (error.level === "client-authentication") {
    return "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain";
  }
  if (error.message.includes("no matching host key format")) {
    return "ssh: handshake failed: ssh: no common algorithm for host key";
  }
  return `ssh: handshake failed: ${error.message}`;
}
