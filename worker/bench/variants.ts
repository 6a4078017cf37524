import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { workerSource } from "../../contract/bundle.ts";
import { rateLimitBinding } from "../../contract/limits.ts";
import {
  LEDGER_CLASS,
  WORKER_COMPATIBILITY_DATE,
  WORKER_COMPATIBILITY_FLAGS,
} from "../../contract/worker.ts";
import { TEAM_DOMAIN, type TestTeam } from "../testing/access.ts";
import { BINDINGS } from "../testing/bindings.ts";
import { startWorkerd, type Workerd } from "./workerd.ts";

/**
 * What is compared. `bare` hands requests on and does nothing else; `gateway` is this Worker with limits and audit
 * trail off; `everything` has all of them on. `bareLimited` is the bare one that asks the same rate limits first, which
 * tells how much of the difference is the stand-in's; `tutorial` verifies tokens as a first gateway does.
 */
export const WORKERS = ["bare", "gateway", "everything", "bareLimited", "tutorial"] as const;
export type WorkerName = (typeof WORKERS)[number];

/** All that is measured, started. */
export interface Field {
  readonly originPort: number;
  readonly workers: Readonly<Record<WorkerName, Workerd>>;
}

/** The origin in a process of its own, and each Worker in a workerd of its own: `teardown` ends them. */
export async function startField(team: TestTeam, teardown: AsyncDisposableStack): Promise<Field> {
  const originPort = await startOrigin(teardown);
  const certs = await (await team.respond(`${TEAM_DOMAIN}/cdn-cgi/access/certs`))?.text();
  const { source } = await workerSource();
  const sources: Readonly<Record<WorkerName, string | Uint8Array>> = {
    bare: BARE,
    gateway: source,
    everything: source,
    bareLimited: BARE_LIMITED,
    tutorial: await tutorialSource(),
  };
  const start = async (name: WorkerName) => {
    const files = { "worker.js": sources[name], "certs.js": certsWorker(certs ?? "") };
    const worker = await startWorkerd(configOf(name, originPort), files);
    teardown.defer(() => worker.stop());
    return worker;
  };
  const workers = {
    bare: await start("bare"),
    gateway: await start("gateway"),
    everything: await start("everything"),
    bareLimited: await start("bareLimited"),
    tutorial: await start("tutorial"),
  };
  return { originPort, workers };
}

async function startOrigin(teardown: AsyncDisposableStack): Promise<number> {
  const child = fork(fileURLToPath(new URL("./origin-server.ts", import.meta.url)));
  teardown.defer(() => {
    child.disconnect();
  });
  const [port] = (await once(child, "message")) as [number];
  return port;
}

/** The least that a Worker in front of a VPC service can be. */
const BARE = `export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return env.VPC_SERVICE.fetch(new Request("http://openclaw.invalid" + pathname + search, request));
  }
};`;

async function tutorialSource(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("./tutorial.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    conditions: ["workerd", "worker", "browser"],
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

const certsWorker = (certs: string) =>
  `export default { fetch: () => new Response(${JSON.stringify(certs)}, { headers: { "content-type": "application/json" } }) };`;

/** workerd has no rate limits of its own: this one always says yes, over the same kind of call. */
const RATE_LIMIT = `import { WorkerEntrypoint } from "cloudflare:workers";
export class RateLimit extends WorkerEntrypoint { limit() { return { success: true }; } }
export default {};`;

const MANY = 1_000_000_000;
const LIMIT_NAMES = (["PER_IP", "PER_USER", "REQUESTS"] as const).map((kind) =>
  rateLimitBinding(kind, MANY, 60_000),
);

const BARE_LIMITED = `export default {
  async fetch(request, env) {
    for (const name of ${JSON.stringify(LIMIT_NAMES)}) await env[name].limit({ key: "everyone" });
    const { pathname, search } = new URL(request.url);
    return env.VPC_SERVICE.fetch(new Request("http://openclaw.invalid" + pathname + search, request));
  }
};`;

const LIMITS = {
  RATE_LIMIT_ENABLED: "true",
  RATE_LIMIT_WINDOW: "60000",
  RATE_LIMIT_REQUESTS: String(MANY),
  RATE_LIMIT_PER_USER: String(MANY),
  RATE_LIMIT_PER_IP: String(MANY),
};
const WATCH = { ENABLE_AUDIT_LOG: "true", LOG_SECURITY_EVENTS: "true" };
const QUIET = { ENABLE_AUDIT_LOG: "false", LOG_SECURITY_EVENTS: "false" };

function configOf(name: WorkerName, originPort: number): string {
  const all = name === "everything";
  const variables = { ...BINDINGS, ...(all ? { ...LIMITS, ...WATCH } : QUIET) };
  const limits = all || name === "bareLimited" ? LIMIT_NAMES : [];
  const bindings = [
    `(name = "VPC_SERVICE", service = "origin")`,
    `(name = "LEDGER", durableObjectNamespace = "${LEDGER_CLASS}")`,
    ...Object.entries(variables).map(([key, text]) => `(name = ${quoted(key)}, text = ${quoted(text)})`),
    ...limits.map(
      (binding) => `(name = ${quoted(binding)}, service = (name = "rate-limit", entrypoint = "RateLimit"))`,
    ),
  ];
  // A namespace of objects wants the class among the exports.
  const counts = name === "gateway" || all;
  const bound = counts ? bindings : bindings.filter((binding) => !binding.includes("durableObjectNamespace"));
  const ledger = `durableObjectNamespaces = [(className = "${LEDGER_CLASS}", uniqueKey = "ledger", enableSql = true)], durableObjectStorage = (inMemory = void),`;
  const date = `compatibilityDate = "${WORKER_COMPATIBILITY_DATE}"`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      ${date}, compatibilityFlags = [${WORKER_COMPATIBILITY_FLAGS.map(quoted).join(", ")}],
      bindings = [${bound.join(",\n        ")}],
      ${counts ? ledger : ""}
      globalOutbound = "certs")),
    (name = "certs", worker = (modules = [(name = "certs.js", esModule = embed "certs.js")], ${date})),
    (name = "rate-limit", worker = (modules = [(name = "limit.js", esModule = ${quoted(RATE_LIMIT)})], ${date})),
    (name = "origin", external = (address = "127.0.0.1:${originPort}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", service = "worker",
    http = (forwardedProtoHeader = "X-Forwarded-Proto"))],
);
`;
}

/** Cap'n Proto's texts are quoted as C's; JSON's escapes are among them, for printable ASCII. */
const quoted = (text: string): string => JSON.stringify(text);
