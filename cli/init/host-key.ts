import ssh2 from "ssh2";
import type { PiConfig } from "../../infra/config.ts";
import { hostKeyLine } from "../../infra/host-key.ts";
import { Refusal } from "../../infra/refusal.ts";
import { doorOf } from "../../infra/ssh-door.ts";
import { noCommonHostKey, notSsh, type PiUnreachable, unreachable } from "../../infra/ssh-refusal.ts";

const dialTimeoutMs = 10_000;
/** The kinds that the config takes, in the order in which they are to be pinned (infra/host-key.ts has the reason). */
const pinnable: ssh2.ServerHostKeyAlgorithm[] = ["ecdsa-sha2-nistp256", "ssh-ed25519"];

type SshError = NodeJS.ErrnoException & { level?: string };

/**
 * The key to pin of a host, as `ssh-keyscan` prints it: its ECDSA key, or its ed25519 key when it has no other.
 * Nobody signs in for that.
 *
 * @throws Refusal when nothing answers there, or nothing that speaks SSH
 */
export function readHostKey(pi: PiConfig): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once("error", (error: SshError) => {
      client.destroy();
      reject(inWords(explain(pi, error)));
    });
    client.connect({
      host: pi.host,
      port: pi.port,
      username: pi.user,
      readyTimeout: dialTimeoutMs,
      algorithms: { serverHostKey: pinnable },
      hostVerifier: (key: Buffer) => {
        resolve(hostKeyLine(key));
        client
          .removeAllListeners("error")
          .on("error", () => {})
          .destroy();
        return false;
      },
    });
  });
}

function explain(pi: PiConfig, error: SshError): PiUnreachable {
  if (error.message.includes("no matching host key format")) return noCommonHostKey(doorOf(pi));
  const spokeOtherwise = error.level === "handshake" || error.level === "protocol";
  return spokeOtherwise ? notSsh(doorOf(pi), error.message) : unreachable(doorOf(pi), [error]);
}

const inWords = ({ code, message, mend }: PiUnreachable) => new Refusal(code, message, mend);
