import { performance } from "node:perf_hooks";
import autocannon from "autocannon";
import type { Workerd } from "./workerd.ts";

/** One kind of request that is repeated. */
export interface Load {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Another token for each request; without it the headers are the same for all. */
  readonly nextToken?: () => string;
  readonly connections: number;
  /** How many requests. */
  readonly amount: number;
}

/** What came of it. */
export interface Measure {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the Worker's process; none for the origin alone. */
  readonly cpuMsPerRequest?: number;
}

/**
 * Drives a load as fast as it goes.
 * @throws Error when an answer is not 200
 */
export async function drive(port: number, load: Load, worker?: Workerd): Promise<Measure> {
  const { method, path, headers, body, nextToken, connections, amount } = load;
  const cpuBefore = worker?.cpuMs() ?? 0;
  const startedAt = performance.now();
  const finished = Promise.withResolvers<autocannon.Result>();
  const options: autocannon.Options = {
    url: `http://127.0.0.1:${port}`,
    connections,
    amount,
    requests: [
      {
        method,
        path,
        headers: { ...headers },
        ...(body !== undefined && { body }),
        ...(nextToken && {
          setupRequest: (request: autocannon.Request) => ({
            ...request,
            headers: { ...request.headers, "cf-access-jwt-assertion": nextToken() },
          }),
        }),
      },
    ],
  };
  const run = autocannon(options, (error, result) =>
    error ? finished.reject(error) : finished.resolve(result),
  );
  // It ends at the next whole second only.
  let lastAnswerAt = startedAt;
  run.on("response", () => {
    lastAnswerAt = performance.now();
  });
  const result = await finished.promise;
  const seconds = (lastAnswerAt - startedAt) / 1000;
  const good = result["2xx"];
  if (good !== amount || result.errors > 0) {
    throw new Error(`${amount - good} of ${amount} requests to ${path} failed (${result.errors} errors)`);
  }
  return {
    requestsPerSecond: amount / seconds,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    ...(worker && { cpuMsPerRequest: (worker.cpuMs() - cpuBefore) / amount }),
  };
}
