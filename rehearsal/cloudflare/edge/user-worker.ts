import { type WorkerOptions, type Request as WorkerRequest, Response as WorkerResponse } from "miniflare";
import type { Binding, Script } from "../account.ts";
import { bindingWorkerName } from "./binding-workers.ts";

/** What a user's Worker sees of its surroundings. */
export interface UserWorkerParts {
  /** URL of the team's certs. */
  readonly certsUrl: string;
  /** Answers the team's certs; everything else that a Worker fetches does not exist here. */
  readonly certs: () => Promise<string>;
  /** Answers what a Worker fetches elsewhere. */
  readonly internet?: Internet;
}

/** What answers on the internet outside this account, for Workers and for Cloudflare's own notifications. */
export type Internet = (request: Request) => Promise<Response>;

/** The uploaded script as Miniflare runs it. */
export function userWorker(script: Script, { certsUrl, certs, internet }: UserWorkerParts): WorkerOptions {
  const bound = <T>(type: string, toValue: (binding: Binding) => T): Record<string, T> =>
    Object.fromEntries(
      script.bindings
        .filter((binding) => binding.type === type)
        .map((binding) => [binding.name, toValue(binding)]),
    );
  const ordered = [...script.modules].sort((module) => (module.name === script.mainModule ? -1 : 0));
  return {
    name: "script",
    modules: ordered.map((module) => ({
      type: module.contentType.startsWith("application/javascript")
        ? ("ESModule" as const)
        : ("Text" as const),
      path: module.name,
      contents: Buffer.from(module.content).toString("utf8"),
    })),
    compatibilityDate: script.compatibilityDate,
    compatibilityFlags: [...script.compatibilityFlags],
    bindings: { ...bound("plain_text", textOf), ...bound("secret_text", textOf) },
    serviceBindings: { ...bound("vpc_service", bindingWorkerName), ...bound("ratelimit", bindingWorkerName) },
    kvNamespaces: bound("kv_namespace", ({ namespace_id: id }) => String(id)),
    durableObjects: bound("durable_object_namespace", ({ class_name }) => ({
      className: String(class_name),
      useSQLite: true,
      unsafeUniqueKey: script.objectNamespaces.find((one) => one.className === class_name)?.id,
    })),
    outboundService: async (request: WorkerRequest) => {
      if (request.method === "GET" && request.url === certsUrl)
        return new WorkerResponse(await certs(), { headers: { "content-type": "application/json" } });
      if (internet) {
        const { method, url } = request;
        const body = method === "GET" || method === "HEAD" ? undefined : await request.text();
        const answer = await internet(new Request(url, { method, headers: [...request.headers], body }));
        return new WorkerResponse(await answer.text(), {
          status: answer.status,
          headers: [...answer.headers],
        });
      }
      // What Cloudflare answers for a name that does not resolve.
      return new WorkerResponse("error code: 1016", { status: 530 });
    },
  };
}

const textOf = (binding: Binding): string => String(binding.text);
