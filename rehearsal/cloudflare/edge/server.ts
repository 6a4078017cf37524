import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import type { CertificateAuthority } from "../../ca.ts";
import { passGate } from "../access/gate.ts";
import { createLogin } from "../access/login.ts";
import type { EdgeRequest } from "../access/passage.ts";
import type { Team } from "../access/team.ts";
import { createEdgeCertificates } from "./certificates.ts";
import { type Forwarding, forwardRequest, forwardUpgrade, refuseUpgrade, sendAnswer } from "./forward.ts";
import { newRay, towardsWorker } from "./headers.ts";
import { nothingHere } from "./pages.ts";
import { scriptFor } from "./routing.ts";
import type { WorkerRuntime } from "./runtime.ts";

/** The edge on its address. */
export interface EdgeServer {
  close(): Promise<void>;
}

/** What the edge serves. */
export interface EdgeParts {
  readonly ca: CertificateAuthority;
  readonly team: Team;
  readonly runtime: WorkerRuntime;
}

/** Serves TLS on `address:443`: the team's domain, and the Workers' names with Access before them. */
export async function startEdge(address: string, { ca, team, runtime }: EdgeParts): Promise<EdgeServer> {
  const { account } = team;
  const certificates = createEdgeCertificates(ca, account);
  const login = getRequestListener(createLogin(team).fetch);
  const server = createServer({
    ALPNProtocols: ["http/1.1"],
    requestTimeout: 0, // a stream may last as long as its client stays
    SNICallback: (servername, done) => {
      certificates.contextFor(servername).then(
        (context) => (context ? done(null, context) : done(new Error(`no certificate for ${servername}`))),
        (error: Error) => done(error),
      );
    },
  });
  server.on("request", (incoming, response) => {
    handleRequest(incoming, response).catch(() => response.destroy());
  });
  server.on("upgrade", (incoming, socket, head) => {
    handleUpgrade(incoming, socket, head).catch(() => socket.destroy());
  });
  const open = new Set<Duplex>();
  server.on("secureConnection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });

  async function handleRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const hostname = hostnameOf(incoming);
    if (hostname === account.teamDomain) return void login(incoming, response);
    const ray = newRay();
    const passage = await passGate(team, edgeRequest(incoming, hostname));
    if (!passage.pass) return sendAnswer(response, passage.answer, ray);
    const script = runtime.running(scriptFor(account, hostname) ?? "");
    if (!script) return sendAnswer(response, nothingHere, ray);
    forwardRequest(incoming, response, forwarding(incoming, script, passage, ray));
  }

  async function handleUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const hostname = hostnameOf(incoming);
    const ray = newRay();
    const passage = await passGate(team, edgeRequest(incoming, hostname));
    if (!passage.pass) return refuseUpgrade(socket, passage.answer, ray);
    const script = runtime.running(scriptFor(account, hostname) ?? "");
    if (!script) return refuseUpgrade(socket, nothingHere, ray);
    forwardUpgrade(incoming, socket, head, forwarding(incoming, script, passage, ray));
  }

  const forwarding = (
    incoming: IncomingMessage,
    script: Forwarding["script"],
    passage: { identity: Record<string, string>; answerHeaders: Record<string, string> },
    ray: string,
  ): Forwarding => ({
    script,
    privateHeaders: runtime.headers,
    headers: [
      ...towardsWorker(incoming.rawHeaders, team.client, ray, passage.identity),
      "MF-CF-Blob", // becomes `request.cf` and is not seen as a header
      JSON.stringify({
        country: team.client.country,
        colo: "RHL",
        httpProtocol: "HTTP/1.1",
        tlsVersion: "TLSv1.3",
      }),
    ],
    answerHeaders: passage.answerHeaders,
    ray,
  });

  server.listen(443, address);
  await once(server, "listening");
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

const hostnameOf = (incoming: IncomingMessage): string =>
  (incoming.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");

const edgeRequest = (incoming: IncomingMessage, hostname: string): EdgeRequest => ({
  method: incoming.method ?? "GET",
  hostname,
  target: incoming.url ?? "/",
  headers: incoming.headers,
  rawHeaders: incoming.rawHeaders,
});
