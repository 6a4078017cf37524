import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { prepareOpenClaw } from "../../rehearsal/host/openclaw.ts";
import { GATEWAY_TOKEN } from "./bindings.ts";
import { ORIGIN } from "./gateway.ts";

/** The real OpenClaw, with a home of its own in a temporary folder. */
export interface RealOpenClaw {
  readonly port: number;
  close(): Promise<void>;
}

/** How OpenClaw knows its callers, as its own config says it. */
export const TOKEN_AUTH = { mode: "token", token: GATEWAY_TOKEN };

/** It takes about 20 seconds on an idle machine, and 1 GB of memory. */
const START_MS = 200_000;

/**
 * @param auth `gateway.auth` of its config
 * @param settings more of `gateway`
 * @throws Error with the end of what it has logged, when it does not start in time
 */
export async function startRealOpenClaw(auth: object, settings: object = {}): Promise<RealOpenClaw> {
  const root = await prepareOpenClaw();
  const home = await mkdtemp(join(tmpdir(), "openclaw-"));
  const port = await freePort();
  const config = join(home, "openclaw.json");
  await writeFile(config, JSON.stringify(configOf(port, { auth, ...settings })), { mode: 0o600 });
  const child = spawn(
    join(root, "opt/node/bin/node"),
    [join(root, "opt/openclaw/node_modules/openclaw/openclaw.mjs"), "gateway", "run"],
    {
      cwd: home,
      detached: true, // it starts others: its group ends as a whole
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        HOME: home,
        OPENCLAW_STATE_DIR: home,
        OPENCLAW_CONFIG_PATH: config,
        OPENCLAW_NO_AUTO_UPDATE: "1",
        OPENCLAW_DISABLE_BONJOUR: "1",
        OPENCLAW_NO_RESPAWN: "1",
      },
    },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      log = `${log}${data}`.slice(-4000);
    });
  }
  const ended = once(child, "exit");
  const close = async () => {
    if (child.exitCode === null && child.pid) process.kill(-child.pid, "SIGKILL");
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const deadline = Date.now() + START_MS;
  while (!(await isReady(port))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await close();
      throw new Error(`OpenClaw is not ready:\n${log}`);
    }
    await delay(200);
  }
  return { port, close };
}

const configOf = (port: number, settings: object): object => ({
  gateway: {
    mode: "local",
    port,
    bind: "loopback",
    ...settings,
    trustedProxies: ["127.0.0.1", "::1"],
    controlUi: { allowedOrigins: [ORIGIN] },
  },
  models: {
    providers: {
      stub: {
        baseUrl: "http://127.0.0.1:9/v1",
        apiKey: "stub",
        api: "openai-completions",
        models: [{ id: "stub-1", name: "Stub 1" }],
      },
    },
  },
  agents: { defaults: { model: { primary: "stub/stub-1" } }, entries: { main: {}, web: {} } },
});

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false; // it does not listen yet
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("no port");
  return address.port;
}
