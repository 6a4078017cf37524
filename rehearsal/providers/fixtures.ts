import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";

/** A call that the fake API has seen. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

interface Document extends Record<string, unknown> {
  id: string;
}

/** A REST API that keeps what it is given: enough of Cloudflare's to see what a provider sends and asks. */
export interface FakeApi {
  readonly url: string;
  readonly calls: Call[];
  /** Documents by path, for changes by hand. */
  readonly documents: Map<string, Document>;
  /** Answers the next call to this path with a refusal. */
  refuseNext(path: string, status: number, code: number, message: string): void;
  close(): Promise<void>;
}

export async function startFakeApi(): Promise<FakeApi> {
  const calls: Call[] = [];
  const documents = new Map<string, Document>();
  const scripts = new Map<string, { metadata: Record<string, unknown>; name: string; text: string }>();
  const refusals = new Map<string, { status: number; code: number; message: string }>();
  let next = 1;
  const server = createServer((request, response) => {
    const send = (status: number, result: unknown, errors: unknown[] = []) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ success: status < 400, errors, messages: [], result }));
    };
    const notFound = () => send(404, null, [{ code: 1003, message: "not found" }]);
    answer(request).catch((error: Error) => send(500, null, [{ code: 1, message: error.message }]));
    async function answer(incoming: IncomingMessage): Promise<void> {
      const path = (incoming.url as string).replace("/client/v4", "");
      const method = incoming.method as string;
      const body = await readBody(incoming);
      calls.push({ method, path, body });
      const refusal = refusals.get(path);
      if (refusal) {
        refusals.delete(path);
        return send(refusal.status, null, [{ code: refusal.code, message: refusal.message }]);
      }
      const script = /\/workers\/(?:scripts|services)\/([\w-]+)(\/.*)?$/.exec(path);
      if (script) return scriptCall(method, path, script[1] as string, script[2] ?? "", body);
      if (method === "POST") {
        const id = `id-${next++}`;
        const made: Document = { ...(body as object), id };
        if (path.endsWith("/access/service_tokens")) {
          Object.assign(made, { client_id: `${id}.access`, expires_at: "2027-01-01T00:00:00Z" });
          documents.set(`${path}/${id}`, { ...made });
          return send(200, { ...made, client_secret: "SECRET-OF-TOKEN" });
        }
        if (path.endsWith("/access/apps")) made.aud = `aud-of-${id}`;
        if (path.endsWith("/services")) made.service_id = id;
        documents.set(`${path}/${id}`, made);
        return send(200, made);
      }
      if (path.endsWith("/token")) return send(200, "TOKEN-OF-TUNNEL");
      const found = documents.get(path);
      if (!found) return notFound();
      if (method === "GET") return send(200, found);
      if (method === "DELETE") return documents.delete(path) ? send(200, found) : notFound();
      documents.set(path, { ...found, ...(body as object) });
      send(200, documents.get(path));
    }
    function scriptCall(method: string, path: string, name: string, rest: string, body: unknown): void {
      if (rest === "/subdomain") {
        if (method !== "GET")
          documents.set(path, { id: name, ...(method === "POST" ? (body as object) : {}) });
        return send(200, documents.get(path));
      }
      if (method === "PUT") {
        scripts.set(name, body as never);
        return send(200, { id: name, etag: "etag", created_on: "2026-01-01T00:00:00Z" });
      }
      const script = scripts.get(name);
      if (!script) return notFound();
      if (method === "DELETE") return scripts.delete(name) ? send(200, null) : notFound();
      if (path.includes("/services/"))
        return send(200, { default_environment: { script: { etag: "etag" } } });
      if (rest === "/settings") {
        const bindings = script.metadata.bindings as { type: string; text?: string }[];
        const told = bindings.map((binding) =>
          binding.type === "secret_text" ? { ...binding, text: undefined } : binding,
        );
        return send(200, { ...script.metadata, bindings: told });
      }
      response.writeHead(200, { "content-type": "application/javascript+module" }).end(script.text);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`,
    calls,
    documents,
    refuseNext: (path, status, code, message) => refusals.set(path, { status, code, message }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const type = request.headers["content-type"] ?? "";
  const bytes = Buffer.concat(chunks);
  if (bytes.length === 0) return undefined;
  if (!type.startsWith("multipart/")) return JSON.parse(bytes.toString());
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const metadata = JSON.parse(String(form.get("metadata"))) as Record<string, unknown>;
  const module = form.get(String(metadata.main_module)) as File;
  return { metadata, name: module.name, type: module.type, text: await module.text() };
}

/** An SSH host on loopback that runs nothing: it records each command and answers as told. */
export interface FakeHost {
  readonly port: number;
  /** In authorized_keys form. */
  readonly hostKey: string;
  /** What its one user signs in with. */
  readonly privateKey: string;
  readonly runs: { command: string; stdin: string; env: Record<string, string> }[];
  /** Names it takes by `setenv`, as sshd's AcceptEnv. */
  readonly acceptEnv: Set<string>;
  reply: (command: string, stdin: string) => { stdout?: string; stderr?: string; status?: number };
  close(): Promise<void>;
}

export async function startFakeHost(): Promise<FakeHost> {
  const own = ssh2.utils.generateKeyPairSync("ed25519");
  const user = ssh2.utils.generateKeyPairSync("ed25519");
  const allowed = (ssh2.utils.parseKey(user.public) as ssh2.ParsedKey).getPublicSSH();
  const host: Pick<FakeHost, "runs" | "acceptEnv" | "reply"> = {
    runs: [],
    acceptEnv: new Set(),
    reply: () => ({}),
  };
  const server = new ssh2.Server({ hostKeys: [own.private] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (context.method === "publickey" && context.key.data.equals(allowed)) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      const env: Record<string, string> = {};
      const session = accept();
      session.on("env", (acceptEnv, reject, { key, val }) => {
        if (!host.acceptEnv.has(key)) return reject?.();
        env[key] = String(val);
        acceptEnv?.();
      });
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        let stdin = "";
        channel.on("data", (chunk: Buffer) => {
          stdin += chunk;
        });
        channel.on("end", () => {
          if (command === "env -0") {
            channel.write(
              Object.entries(env)
                .map(([key, value]) => `${key}=${value}\0`)
                .join(""),
            );
            channel.exit(0);
            return channel.end();
          }
          host.runs.push({ command, stdin, env });
          const { stdout = "", stderr = "", status = 0 } = host.reply(command, stdin);
          channel.write(stdout);
          channel.stderr.write(stderr);
          channel.exit(status);
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
    async close() {
      server.close();
    },
  });
}
