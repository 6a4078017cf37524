import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import ssh2 from "ssh2";
import { tunnelPort } from "../../cloudflare/tunnel/server.ts";
import { lastLines } from "../run.ts";
import { login, type SshTarget } from "../ssh.ts";

const holdScript = readFileSync(new URL("hold.pl", import.meta.url)).toString("base64");
/** The other end gives the connection up after four of these. */
const beatEveryMs = 5_000;

/** The way from another machine's loopback to the local Cloudflare's tunnel. */
export interface Wire {
  close(): Promise<void>;
}

/**
 * Lets connectors on another machine reach the local Cloudflare by its own loopback, port 7844: TCP is forwarded
 * through the SSH connection, UDP is echoed over there (hold.pl). Nothing of this machine listens on the network, and
 * on the other one nothing but loopback.
 *
 * @param streetAddress where the tunnel server listens on this machine
 * @param onLost called once when the connection ends by anything but `close`
 * @throws Error when the other machine's sshd does not forward, or the port is taken there
 */
export async function openWire(
  target: SshTarget,
  streetAddress: string,
  onLost: (reason: Error) => void,
): Promise<Wire> {
  const client = new ssh2.Client();
  let closing = false;
  try {
    await login(client, target);
    client.on("tcp connection", (_details, accept) => join(accept(), streetAddress));
    await forward(client);
    const stop = await hold(client);
    client.on("error", () => {}); // its close says it
    client.on("close", () => {
      stop();
      if (!closing) onLost(new Error(`The SSH connection to ${target.address} was lost.`));
    });
  } catch (error) {
    client.destroy();
    throw error;
  }
  return {
    close: async () => {
      closing = true;
      client.destroy(); // end() waits for an answer that a machine which was unplugged never gives
    },
  };
}

function forward(client: ssh2.Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.forwardIn("127.0.0.1", tunnelPort, (error) => {
      if (error)
        reject(
          new Error(
            `its sshd does not forward port ${tunnelPort} (${error.message}): it needs AllowTcpForwarding yes, sshd's default, and the port free`,
          ),
        );
      else resolve();
    });
  });
}

/** Starts hold.pl and keeps it alive; resolves with what ends the beats once it holds. */
function hold(client: ssh2.Client): Promise<() => void> {
  return new Promise((resolve, reject) => {
    client.exec(
      `exec sh -c 'exec perl -e "$(printf %s ${holdScript} | base64 -d)"'`,
      (error: Error | undefined, channel: ssh2.ClientChannel) => {
        if (error) return reject(error);
        let words = "";
        const beat = setInterval(() => channel.write("."), beatEveryMs);
        const stop = () => clearInterval(beat);
        channel.on("data", () => resolve(stop));
        channel.stderr.on("data", (text: Buffer) => {
          words += text;
        });
        channel.on("error", () => {});
        channel.on("close", () => {
          stop();
          reject(new Error(`the machine's end of the wire did not hold: ${lastLines(words)}`));
        });
      },
    );
  });
}

/** One connection of a connector, bytes both ways, each side's end passed on. */
function join(channel: ssh2.ServerChannel | ssh2.ClientChannel, address: string): void {
  const socket = createConnection({ host: address, port: tunnelPort, allowHalfOpen: true, noDelay: true });
  channel.on("error", () => socket.destroy());
  socket.on("error", () => channel.destroy());
  channel.on("close", () => socket.destroySoon());
  socket.on("close", () => channel.destroy());
  channel.pipe(socket);
  socket.pipe(channel);
}
