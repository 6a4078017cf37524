import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type WorkerOptions, type Request as WorkerRequest, Response as WorkerResponse } from "miniflare";
import type { Account, Binding, Script } from "../account.ts";
import type { TunnelEdge } from "../tunnel/edge.ts";
import { openVpcSocket, type VpcSocket } from "../tunnel/vpc-socket.ts";
import type { RateLimits } from "./rate-limits.ts";
import { type PrivateHeaders, rateLimitWorker, smallWorker, vpcWorker } from "./worker-sources.ts";

/** What bindings lead to. */
export interface BoundParts {
  readonly account: Account;
  readonly tunnels: TunnelEdge;
  readonly rateLimits: RateLimits;
  readonly headers: PrivateHeaders;
  /** Where sockets are made. */
  readonly folder: string;
}

/** The Workers that stand for a script's VPC services and rate limits. */
export interface BindingWorkers {
  readonly workers: readonly WorkerOptions[];
  close(): Promise<void>;
}

/** Miniflare's name of the Worker that stands for a binding. */
export const bindingWorkerName = (binding: Binding): string => `binding:${binding.name}`;

/** Opens what these Workers lead to; they themselves run beside the script's own. */
export async function openBindingWorkers(script: Script, parts: BoundParts): Promise<BindingWorkers> {
  const sockets: VpcSocket[] = [];
  const workers: WorkerOptions[] = [];
  for (const binding of script.bindings) {
    const name = bindingWorkerName(binding);
    if (binding.type === "vpc_service") {
      const path = join(parts.folder, `${randomBytes(8).toString("hex")}.sock`);
      const service = () => parts.account.vpcServices.get(String(binding.service_id));
      sockets.push(await openVpcSocket(path, service, parts.tunnels, parts.headers.proxyError));
      const external = { address: `unix:${path}`, http: {} };
      workers.push({
        ...smallWorker(name, vpcWorker(parts.headers)),
        serviceBindings: { SOCKET: { external } },
      });
    }
    if (binding.type === "ratelimit") {
      const count = async (request: WorkerRequest) =>
        new WorkerResponse(String(parts.rateLimits.count(binding, await request.text())));
      workers.push({ ...smallWorker(name, rateLimitWorker), serviceBindings: { COUNTERS: count } });
    }
  }
  return { workers, close: async () => void (await Promise.all(sockets.map((socket) => socket.close()))) };
}
