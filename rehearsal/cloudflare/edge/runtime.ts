import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { Log, LogLevel } from "miniflare";
import type { Account, Script } from "../account.ts";
import type { TunnelEdge } from "../tunnel/edge.ts";
import { type BoundParts, openBindingWorkers } from "./binding-workers.ts";
import { countInFlight } from "./in-flight.ts";
import { startMiniflare } from "./miniflare.ts";
import { createRateLimits } from "./rate-limits.ts";
import { type Internet, userWorker } from "./user-worker.ts";
import { frontWorker, type PrivateHeaders, smallWorker } from "./worker-sources.ts";

/** Where the uploaded Workers run. */
export interface ScriptRuntime {
  /**
   * Starts the script; the one it replaces keeps its name's requests until then, and ends those that it has. What its
   * Durable Objects store stays. Two versions can meet at an object then, which the real Cloudflare never lets happen:
   * SQLite lets one of them write at a time and fails the other. Rejects when the script does not start.
   */
  deploy(script: Script): Promise<void>;
  /** Stops all versions of the script, and clears what its Durable Objects have stored. */
  remove(script: Script): Promise<void>;
  /** A value of a KV namespace, as some running script that binds it sees it; nothing where none does. */
  kvValue(namespaceId: string, key: string): Promise<string | undefined>;
}

/** A started Worker: where its requests go. */
export interface RunningScript {
  readonly address: { readonly host: string; readonly port: number };
  /** Calls its `scheduled` handler, as the clock does at a time of this cron expression. */
  tick(cron: string): Promise<{ readonly outcome: string }>;
  kvValue(binding: string, key: string): Promise<string | undefined>;
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
  /** What answers everything else that a Worker fetches; nothing does by default. */
  readonly internet?: Internet;
}

/** In-flight requests get this long when a new version replaces theirs (https://developers.cloudflare.com/workers/platform/limits/#duration). */
const drainMs = 30_000;

interface Instance extends RunningScript {
  stop(): Promise<void>;
  drained(): Promise<void>;
}

/** A version of a script that ends the requests it has. */
interface Retirement {
  readonly script: string;
  /** Ends it at once. */
  finish(): Promise<void>;
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
  const rateLimits = createRateLimits(parts.account.now);
  const current = new Map<string, Instance>();
  const retiring = new Set<Retirement>();

  const retire = (script: string, instance: Instance) => {
    const hurry = new AbortController();
    const late = wait(drainMs, undefined, { signal: hurry.signal }).catch(() => {});
    const gone = Promise.race([instance.drained(), late]).then(async () => {
      hurry.abort();
      await instance.stop();
      retiring.delete(retirement);
    });
    const retirement: Retirement = {
      script,
      finish: () => {
        hurry.abort();
        return gone;
      },
    };
    retiring.add(retirement);
  };

  return {
    headers,
    running: (name) => current.get(name),
    deploy: async (script) => {
      const instance = await startInstance(script, { ...parts, headers, folder, rateLimits });
      const before = current.get(script.id);
      current.set(script.id, instance);
      if (before) retire(script.id, before);
    },
    remove: async ({ id, objectNamespaces }) => {
      const instance = current.get(id);
      current.delete(id);
      const versions = [...retiring].filter((one) => one.script === id);
      await Promise.all([instance?.stop(), ...versions.map((one) => one.finish())]);
      for (const namespace of objectNamespaces)
        await rm(join(objectsIn(folder), namespace.id), { recursive: true, force: true });
    },
    kvValue: async (namespaceId, key) => {
      for (const { id, bindings } of parts.account.scripts.list()) {
        const binding = bindings.find(
          (one) => one.namespace_id === namespaceId && one.type === "kv_namespace",
        );
        if (binding) return current.get(id)?.kvValue(binding.name, key);
      }
      return undefined;
    },
    close: async () => {
      await Promise.all([
        ...[...retiring].map((one) => one.finish()),
        ...[...current.values()].map((instance) => instance.stop()),
      ]);
      current.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where Durable Objects store, each namespace in a folder of its id. */
const objectsIn = (folder: string): string => join(folder, "objects");

async function startInstance(script: Script, parts: RuntimeParts & BoundParts): Promise<Instance> {
  const { folder, headers } = parts;
  const bound = await openBindingWorkers(script, parts);
  const miniflare = startMiniflare(folder, {
    host: "127.0.0.1",
    cf: false,
    durableObjectsPersist: objectsIn(folder),
    kvPersist: join(folder, "kv"),
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
        certsUrl: `https://${parts.account.teamDomain}/cdn-cgi/access/certs`,
        certs: parts.certs,
        internet: parts.internet,
      }),
      ...bound.workers,
    ],
  });
  let url: URL;
  try {
    await miniflare.ready;
    url = await miniflare.unsafeGetDirectURL("edge:front");
  } catch (error) {
    await Promise.allSettled([miniflare.dispose(), bound.close()]);
    throw error;
  }
  return {
    address: { host: url.hostname, port: Number(url.port) },
    ...countInFlight(),
    tick: async (cron) => {
      const worker = await miniflare.getWorker("script");
      return worker.scheduled({ cron, scheduledTime: new Date() });
    },
    kvValue: async (binding, key) => {
      const namespace = await miniflare.getKVNamespace(binding, "script");
      return (await namespace.get(key)) ?? undefined;
    },
    stop: async () => {
      await miniflare.dispose();
      await bound.close();
    },
  };
}
