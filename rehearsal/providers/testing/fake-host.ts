import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import ssh2 from "ssh2";
import { newKeyPair } from "../../host/keys.ts";

type TcpipListener = (
  accept: () => ssh2.ServerChannel,
  reject: () => void,
  way: { destIP: string; destPort: number },
) => void;

export interface FakeReply {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
}

/** An SSH host on loopback that runs nothing: it records each command and answers as told. */
export interface FakeHost {
  readonly port: number;
  /** In authorized_keys form. */
  readonly hostKey: string;
  /** What its one user signs in with. */
  readonly privateKey: string;
  readonly userKey: string;
  /** Lets another public key in too. */
  letIn(publicKey: string): void;
  readonly runs: { command: string; stdin: string; env: Record<string, string> }[];
  /** Names it takes by `setenv`, as sshd's AcceptEnv. */
  readonly acceptEnv: Set<string>;
  reply: (command: string) => FakeReply;
  /** Where it has opened a way on to, as a jump host does. */
  readonly ways: string[];
  /** Whether it does so: sshd's AllowTcpForwarding. */
  allowForwarding: boolean;
  close(): Promise<void>;
}

export async function startFakeHost(): Promise<FakeHost> {
  const own = newKeyPair("ed25519");
  const user = newKeyPair("ed25519");
  const wire = (line: string) => (ssh2.utils.parseKey(line) as ssh2.ParsedKey).getPublicSSH();
  const allowed = [wire(user.public)];
  const host = {
    runs: [] as FakeHost["runs"],
    acceptEnv: new Set<string>(),
    reply: (_command: string): FakeReply => ({}),
    ways: [] as string[],
    allowForwarding: true,
  };
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [own.private] }, (client) => {
    clients.add(client);
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (context.method === "publickey" && allowed.some((key) => key.equals(context.key.data)))
        context.accept();
      else context.reject(["publickey"]);
    });
    // Without a listener ssh2 prohibits it, as sshd does.
    const forward: TcpipListener = (accept, reject, { destIP, destPort }) => {
      const way = connect(destPort, destIP);
      way.once("error", () => reject());
      way.once("connect", () => {
        host.ways.push(`${destIP}:${destPort}`);
        const channel = accept();
        for (const end of [channel, way]) end.on("error", () => {});
        channel.pipe(way).pipe(channel);
        channel.once("close", () => way.destroy());
      });
    };
    if (host.allowForwarding) client.on("tcpip", forward);
    client.on("session", (accept) => {
      const env: Record<string, string> = {};
      const session = accept();
      session.on("env", (acceptName, reject, { key, val }) => {
        if (host.acceptEnv.has(key)) env[key] = String(val);
        (host.acceptEnv.has(key) ? acceptName : reject)?.();
      });
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        let stdin = "";
        channel.on("data", (chunk: Buffer) => {
          stdin += chunk;
        });
        channel.on("end", () => {
          const listing = Object.entries(env).map(([key, value]) => `${key}=${value}\0`);
          if (command !== "env -0") host.runs.push({ command, stdin, env });
          const reply = command === "env -0" ? { stdout: listing.join("") } : host.reply(command);
          channel.write(reply.stdout ?? "");
          channel.stderr.write(reply.stderr ?? "");
          channel.exit(reply.status ?? 0);
          channel.end();
        });
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(host, {
    port: (server.address() as AddressInfo).port,
    hostKey: own.public,
    privateKey: user.private,
    userKey: user.public,
    letIn: (publicKey: string) => void allowed.push(wire(publicKey)),
    async close() {
      for (const client of clients) client.end();
      server.close();
      await once(server, "close");
    },
  });
}
