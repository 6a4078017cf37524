import type { WorkerOptions } from "miniflare";

/** Names of the headers by which the edge and its own small Workers talk; each with a part that no client knows. */
export interface PrivateHeaders {
  /** From the edge: the URL that the client asked for. */
  readonly url: string;
  /** To the edge: the Worker threw. */
  readonly exception: string;
  /** From a VPC service's socket: why it could not be reached. */
  readonly proxyError: string;
}

/**
 * Stands before the user's Worker: gives it the client's own URL (https, real hostname), and marks an exception, which
 * Miniflare's entry would dress up.
 */
export const frontWorker = (headers: PrivateHeaders): string => `
export default {
  async fetch(request, env) {
    const url = request.headers.get(${JSON.stringify(headers.url)});
    if (url === null) return new Response(null, { status: 403 });
    const asked = new Request(url, request);
    asked.headers.delete(${JSON.stringify(headers.url)});
    try {
      return await env.SCRIPT.fetch(asked);
    } catch (error) {
      return new Response(String(error), { status: 500, headers: { ${JSON.stringify(headers.exception)}: "1" } });
    }
  },
};`;

/**
 * Stands for a Workers VPC binding: the URL's host goes into Host, its port is ignored, and a destination that cannot
 * be reached is an exception (https://developers.cloudflare.com/workers-vpc/api/).
 */
export const vpcWorker = (headers: PrivateHeaders): string => `
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    url.protocol = "http:";
    url.port = "";
    let response;
    try {
      response = await env.SOCKET.fetch(new Request(url, request));
    } catch {
      throw new Error("ProxyError: connection_terminated");
    }
    const code = response.headers.get(${JSON.stringify(headers.proxyError)});
    if (code !== null) throw new Error("ProxyError: " + code);
    return response;
  },
};`;

/** Stands for a `ratelimit` binding: asks its COUNTERS whether a key is within the limit. */
export const rateLimitWorker = `
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async limit({ key }) {
    if (typeof key !== "string") throw new TypeError("invalid key: " + key);
    const answer = await this.env.COUNTERS.fetch("http://counters/", { method: "POST", body: key });
    return { success: (await answer.text()) === "true" };
  }
}`;

/** A Worker of the edge's own, of this one module. */
export const smallWorker = (name: string, contents: string): WorkerOptions => ({
  name,
  modules: [{ type: "ESModule", path: "index.js", contents }],
  compatibilityDate: "2026-07-01",
});
