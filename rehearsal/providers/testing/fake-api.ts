import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A call that the fake API has seen. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Document = Record<string, unknown>;

interface Upload {
  readonly metadata: Document & { bindings?: { type: string; text?: string }[] };
  readonly name: string;
  readonly type: string;
  text: string;
}

/** A REST API that keeps what it is given: enough of Cloudflare's to see what a provider sends and asks. */
export interface FakeApi {
  readonly url: string;
  readonly calls: Call[];
  /** Documents by path, for changes by hand. */
  readonly documents: Map<string, Document>;
  readonly scripts: Map<string, Upload>;
  /** Answers the next call to this path with a refusal. */
  refuseNext(path: string, status: number, error: { code: number; message: string }): void;
  close(): Promise<void>;
}

type Answer = { status: number; result?: unknown; error?: { code: number; message: string }; text?: string };

const ok = (result: unknown): Answer => ({ status: 200, result });
const notFound: Answer = { status: 404, error: { code: 1003, message: "not found" } };

export async function startFakeApi(): Promise<FakeApi> {
  const calls: Call[] = [];
  const documents = new Map<string, Document>();
  const scripts = new Map<string, Upload>();
  const refusals = new Map<string, Answer>();

  const answer = (method: string, path: string, body: unknown): Answer => {
    const refusal = refusals.get(path);
    refusals.delete(path);
    if (refusal) return refusal;
    const script = /\/workers\/(?:scripts|services)\/([\w-]+)(\/.*)?$/.exec(path);
    if (script) return answerForScript(method, path, script[1] as string, script[2] ?? "", body);
    if (path.endsWith("/token")) return ok("TOKEN-OF-TUNNEL");
    if (method === "POST") return create(path, body as Document);
    const found = documents.get(path);
    if (!found) return notFound;
    if (method === "DELETE") documents.delete(path);
    if (method === "PUT" || method === "PATCH") documents.set(path, { ...found, ...(body as Document) });
    return ok(documents.get(path) ?? found);
  };

  const create = (path: string, body: Document): Answer => {
    const id = `id-${calls.length}`;
    const made: Document = { ...body, id };
    if (path.endsWith("/services")) made.service_id = id;
    if (path.endsWith("/apps")) made.aud = `aud-of-${id}`;
    if (path.endsWith("/service_tokens")) made.client_id = `${id}.access`;
    documents.set(`${path}/${id}`, made);
    return ok(path.endsWith("/service_tokens") ? { ...made, client_secret: "SECRET-OF-SERVICE" } : made);
  };

  const answerForScript = (
    method: string,
    path: string,
    name: string,
    rest: string,
    body: unknown,
  ): Answer => {
    if (rest === "/subdomain") {
      if (method !== "GET") documents.set(path, method === "POST" ? (body as Document) : { enabled: false });
      return ok(documents.get(path));
    }
    if (method === "PUT") {
      scripts.set(name, body as Upload);
      return ok({ id: name, etag: "etag" });
    }
    const script = scripts.get(name);
    if (!script) return notFound;
    if (method === "DELETE") scripts.delete(name);
    if (path.includes("/services/")) return ok({ default_environment: { script: { etag: "etag" } } });
    if (rest.startsWith("/content")) return { status: 200, text: script.text };
    const bindings = (script.metadata.bindings ?? []).map(({ text, ...binding }) =>
      binding.type === "secret_text" ? binding : { ...binding, text },
    );
    return ok({ ...script.metadata, bindings });
  };

  const server = createServer(async (request, response) => {
    const path = (request.url as string).replace("/client/v4", "");
    const body = await readBody(request);
    calls.push({ method: request.method as string, path, body });
    const { status, result, error, text } = answer(request.method as string, path, body);
    response.writeHead(status, {
      "content-type": text === undefined ? "application/json" : "application/javascript",
    });
    const envelope = { success: !error, errors: error ? [error] : [], messages: [], result: result ?? null };
    response.end(text ?? JSON.stringify(envelope));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`,
    calls,
    documents,
    scripts,
    refuseNext: (path, status, error) => refusals.set(path, { status, error }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = Buffer.concat(await request.toArray());
  const type = request.headers["content-type"] ?? "";
  if (bytes.length === 0) return undefined;
  if (!type.startsWith("multipart/")) return JSON.parse(bytes.toString());
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const metadata = JSON.parse(String(form.get("metadata"))) as { main_module: string };
  const module = form.get(metadata.main_module) as File;
  return { metadata, name: module.name, type: module.type, text: await module.text() };
}
