import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Log, LogLevel, type WorkerOptions } from "miniflare";
import type { Account, Binding, Script } from "../account.ts";
import type { TunnelEdge } from "../tunnel/edge.ts";
import { openVpcSocket, type VpcSocket } from "../tunnel/vpc-socket.ts";
import { countInFlight } from "./in-flight.ts";
import { startMiniflare } from "./miniflare.ts";
import { userWorker } from "./user-worker.ts";
import { frontWorker, type PrivateHeaders, vpcWorker } from "./worker-sources.ts";

/** Where the uploaded Workers run. */
export interface ScriptRuntime {
  /**
   * Starts the script; the one it replaces keeps its name's requests until then, and ends those that it has. What its
   * Durable Objects store stays. Two versions can meet at an object then, which the real Cloudflare never lets happen:
   * SQLite lets one of them write at a time and fails the other. Rejects when the script does not start.
   */
  deploy(script: Script): Promise<void>;
  /** Stops the script, and clears what its Durable Objects have stored. */
  remove(script: Script): Promise<void>;
}

/** A started Worker: where its requests go. */
export interface RunningScript {
  readonly address: { readonly host: string; readonly port: number };
  /** Counts a request or socket in; the returned function counts it out. */
  enter(): () => void;
}

/** The runtime as the edge sees it. */
export interface WorkerRuntime extends ScriptRuntime {
  readonly headers: PrivateHeaders;
  running(name: string): RunningScript | undefined;
  close(): Promise<void>;
}

/** What the runtime needs from its surroundings. */
export interface RuntimeParts {
  /** Where its sockets and files are made; the temporary folder by default. */
  readonly folder?: string;
  readonly account: Account;
  readonly tunnels: TunnelEdge;
  /** Answers the team's certs; everything else that a Worker fetches does not exist here. */
  readonly certs: () => Promise<string>;
}

/** In-flight requests get this long when a new version replaces theirs (https://developers.cloudflare.com/workers/platform/limits/#duration). */
const drainMs = 30_000;

interface Instance extends RunningScript {
  stop(): Promise<void>;
  drained(): Promise<void>;
}

/** A runtime without scripts; each script that is deployed runs in a workerd of its own. */
export async function createWorkerRuntime(parts: RuntimeParts): Promise<WorkerRuntime> {
  const secret = randomBytes(8).toString("hex");
  const headers: PrivateHeaders = {
    url: `x-edge-url-${secret}`,
    exception: `x-edge-exception-${secret}`,
    proxyError: `x-edge-proxy-error-${secret}`,
  };
  const folder = await mkdtemp(join(parts.folder ?? tmpdir(), "edge-"));
  const current = new Map<string, Instance>();
  const retiring = new Set<Promise<void>>();
  const closing = new AbortController();

  const retire = (instance: Instance) => {
    const gone = Promise.race([instance.drained(), waited(drainMs, closing.signal)]).then(() =>
      instance.stop(),
    );
    retiring.add(gone);
    gone.finally(() => retiring.delete(gone));
  };

  return {
    headers,
    running: (name) => current.get(name),
    deploy: async (script) => {
      const instance = await startInstance(script, parts, headers, folder);
      const before = current.get(script.id);
      current.set(script.id, instance);
      if (before) retire(before);
    },
    remove: async ({ id, objectNamespaces }) => {
      const instance = current.get(id);
      current.delete(id);
      await instance?.stop();
      // A version that still ends its requests may be writing there: what it leaves goes with the folder.
      for (const namespace of objectNamespaces)
        await rm(join(objectsIn(folder), namespace.id), { recursive: true, force: true }).catch(() => {});
    },
    close: async () => {
      closing.abort();
      await Promise.all([...retiring, ...[...current.values()].map((instance) => instance.stop())]);
      current.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where Durable Objects store, each namespace in a folder of its id. */
const objectsIn = (folder: string): string => join(folder, "objects");

async function startInstance(
  script: Script,
  parts: RuntimeParts,
  headers: PrivateHeaders,
  folder: string,
): Promise<Instance> {
  const sockets: VpcSocket[] = [];
  const vpcWorkers: WorkerOptions[] = [];
  for (const binding of script.bindings.filter((one) => one.type === "vpc_service")) {
    const path = join(folder, `${randomBytes(8).toString("hex")}.sock`);
    const service = () => parts.account.vpcServices.get(String(binding.service_id));
    sockets.push(await openVpcSocket(path, service, parts.tunnels, headers.proxyError));
    vpcWorkers.push({
      ...smallWorker(vpcName(binding), vpcWorker(headers)),
      serviceBindings: { SOCKET: { external: { address: `unix:${path}`, http: {} } } },
    });
  }
  const miniflare = startMiniflare(folder, {
    host: "127.0.0.1",
    cf: false,
    durableObjectsPersist: objectsIn(folder),
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      stdout.resume();
      stderr.resume();
    },
    workers: [
      {
        ...smallWorker("edge:front", frontWorker(headers)),
        serviceBindings: { SCRIPT: "script" },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
      userWorker(script, {
        vpcName,
        certsUrl: `https://${parts.account.teamDomain}/cdn-cgi/access/certs`,
        certs: parts.certs,
      }),
      ...vpcWorkers,
    ],
  });
  const closeSockets = () => Promise.all(sockets.map((socket) => socket.close()));
  let url: URL;
  try {
    await miniflare.ready;
    url = await miniflare.unsafeGetDirectURL("edge:front");
  } catch (error) {
    await Promise.allSettled([miniflare.dispose(), closeSockets()]);
    throw error;
  }
  return {
    address: { host: url.hostname, port: Number(url.port) },
    ...countInFlight(),
    stop: async () => {
      await miniflare.dispose();
      await closeSockets();
    },
  };
}

/** Miniflare's name of the Worker that stands for a VPC binding. */
const vpcName = (binding: Binding): string => `vpc:${binding.name}`;

const smallWorker = (name: string, contents: string): WorkerOptions => ({
  name,
  modules: [{ type: "ESModule", path: "index.js", contents }],
  compatibilityDate: "2026-07-01",
});

/** Settles after this time, or when the signal is aborted. */
function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
