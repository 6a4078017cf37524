import type { Readable } from "node:stream";
import {
  type DispatchFetch,
  Miniflare,
  type Request as MiniflareRequest,
  Response as MiniflareResponse,
} from "miniflare";
import { workerSource } from "../../contract/bundle.ts";
import {
  LEDGER_CLASS,
  WORKER_COMPATIBILITY_DATE,
  WORKER_COMPATIBILITY_FLAGS,
} from "../../contract/worker.ts";
import { createTeam, type TestTeam } from "./access.ts";
import { BINDINGS } from "./bindings.ts";
import { type FakeOpenClaw, startFakeOpenClaw } from "./openclaw.ts";

export const ORIGIN = "https://claw.example.com";
export const CLIENT_ADDRESS = "203.0.113.9";

/** The bundled Worker in workerd, between an Access team and an OpenClaw of the test's own. */
export interface TestGateway {
  readonly team: TestTeam;
  readonly openclaw: FakeOpenClaw;
  /** Where workerd itself listens, for clients that are no fetch: they name the URL of the edge in MF-Original-URL. */
  readonly url: URL;
  /** A request as the edge hands it over: with the client's address, and a person's token unless one is given. */
  fetch(path: string, init?: Init): ReturnType<DispatchFetch>;
  /** A stub of the `Ledger` of an identity, as `subjectOf` names it; the Worker's types are not known everywhere. */
  ledger(subject: string): Promise<unknown>;
  /** Moves the Worker's clock on. */
  advance(ms: number): void;
  /** All that the Worker has logged. */
  log(): string;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const CLOCK_HEADER = "x-clock-of-the-test";
/** On a request: its log shall say "a client has gone" as soon as workerd has noticed that. */
export const WATCH_HEADER = "x-watch-of-the-test";

/** The Worker as it is, with a clock that goes ahead by as many milliseconds as the request says. */
const stage = (haste: number) => `
import worker from "./worker.js";
export * from "./worker.js";
let ahead = 0;
const later = setTimeout;
if (${haste} > 1) globalThis.setTimeout = (act, ms, ...values) => later(act, ms / ${haste}, ...values);
const now = Date.now;
Date.now = () => now() + ahead;
globalThis.Date = class extends Date {
  constructor(...values) { super(...(values.length > 0 ? values : [Date.now()])); }
};
export default { fetch(request, env, context) {
  ahead = Number(request.headers.get("${CLOCK_HEADER}") ?? ahead);
  if (request.headers.has("${WATCH_HEADER}"))
    request.signal.addEventListener("abort", () => console.log("a client has gone"));
  return worker.fetch(request, env, context);
} };`;

type Init = NonNullable<Parameters<DispatchFetch>[1]> & {
  /** Another Access token, or `null` for none. */
  token?: string | null;
  origin?: string;
};

export interface TestGatewayOptions {
  /** Changes the Worker's variables; `undefined` takes one away. */
  readonly bindings?: Record<string, string | undefined>;
  /** The VPC service fails: every fetch throws an error with this message, as the real one does. */
  readonly vpcError?: string;
  readonly withoutVpcService?: boolean;
  /** Port of an OpenClaw that stands in place of the test's own. */
  readonly openclawPort?: number;
  /** By name of the binding. */
  readonly rateLimits?: Record<string, { readonly limit: number; readonly period: 10 | 60 }>;
  /** Name of a binding, each method of which throws. */
  readonly failingBinding?: string;
  /** The ledger's objects take every call and never answer. */
  readonly silentLedger?: boolean;
  /** How many times as fast the Worker's timers run. */
  readonly haste?: number;
  /** A folder in which what the Worker stores outlives it. */
  readonly persistIn?: string;
}

export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const team = await createTeam();
  const openclaw = await startFakeOpenClaw();
  const { source } = await workerSource();
  const bindings = { ...BINDINGS, ...options.bindings };
  const vpcService = options.vpcError
    ? "failing-vpc-service"
    : { external: { address: `127.0.0.1:${options.openclawPort ?? openclaw.port}`, http: {} } };
  let log = "";
  let clockMs = 0;
  const miniflare = new Miniflare({
    ...(options.persistIn ? { durableObjectsPersist: options.persistIn } : {}),
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      for (const stream of [stdout, stderr]) {
        stream.on("data", (data: Buffer) => {
          log += data;
        });
      }
    },
    workers: [
      {
        name: "gateway",
        modules: [
          { type: "ESModule", path: "stage.js", contents: stage(options.haste ?? 1) },
          { type: "ESModule", path: "worker.js", contents: source },
        ],
        compatibilityDate: WORKER_COMPATIBILITY_DATE,
        compatibilityFlags: [...WORKER_COMPATIBILITY_FLAGS],
        bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined)),
        ratelimits: Object.fromEntries(
          Object.entries(options.rateLimits ?? {})
            .filter(([name]) => name !== options.failingBinding)
            .map(([name, simple], index) => [name, { namespace_id: String(index + 1), simple }]),
        ),
        durableObjects:
          options.failingBinding === "LEDGER"
            ? {}
            : {
                LEDGER: {
                  className: LEDGER_CLASS,
                  useSQLite: true,
                  ...(options.silentLedger ? { scriptName: "silent-ledger" } : {}),
                },
              },
        serviceBindings: {
          ...(options.withoutVpcService ? {} : { VPC_SERVICE: vpcService }),
          ...(options.failingBinding ? { [options.failingBinding]: "failing-binding" } : {}),
        },
        outboundService: async (request: MiniflareRequest) => {
          const answer = await team.respond(request.url);
          return new MiniflareResponse(await answer?.text(), {
            status: answer?.status ?? 599,
            headers: [...(answer?.headers ?? [])],
          });
        },
      },
      {
        name: "failing-binding",
        modules: true,
        compatibilityDate: WORKER_COMPATIBILITY_DATE,
        script: `import { WorkerEntrypoint } from "cloudflare:workers";
          const fail = () => { throw new Error("this binding fails"); };
          export default class extends WorkerEntrypoint { limit() { fail(); } idFromName() { fail(); } }`,
      },
      {
        name: "silent-ledger",
        modules: true,
        compatibilityDate: WORKER_COMPATIBILITY_DATE,
        script: `import { DurableObject } from "cloudflare:workers";
          export class ${LEDGER_CLASS} extends DurableObject {
            beginRun() { return new Promise((resolve) => setTimeout(resolve, 3_600_000)); }
          }
          export default {};`,
      },
      {
        name: "failing-vpc-service",
        modules: true,
        compatibilityDate: WORKER_COMPATIBILITY_DATE,
        script: `export default { fetch() { throw new Error(${JSON.stringify(options.vpcError)}); } }`,
      },
    ],
  });
  const url = await miniflare.ready;
  const close = async () => {
    await miniflare.dispose();
    await openclaw.close();
  };
  return {
    team,
    openclaw,
    url,
    async fetch(path, { token, origin = ORIGIN, ...init } = {}) {
      const sent = token === undefined ? await team.person() : token;
      const headers: Record<string, string> = {
        "cf-connecting-ip": CLIENT_ADDRESS,
        [CLOCK_HEADER]: String(clockMs),
        ...(sent === null ? {} : { "cf-access-jwt-assertion": sent }),
        ...(init.headers as Record<string, string> | undefined),
      };
      // fetch sets Sec-Fetch-Mode itself; Miniflare takes the one that is meant under a name of its own.
      if ("sec-fetch-mode" in headers) headers["mf-sec-fetch-mode"] = headers["sec-fetch-mode"];
      return miniflare.dispatchFetch(`${origin}${path}`, { redirect: "manual", ...init, headers });
    },
    async ledger(subject) {
      const ledgers = await miniflare.getDurableObjectNamespace("LEDGER", "gateway");
      return ledgers.get(ledgers.idFromName(subject));
    },
    advance(ms) {
      clockMs += ms;
    },
    log: () => log,
    close,
    [Symbol.asyncDispose]: close,
  };
}
