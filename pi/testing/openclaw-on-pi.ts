import { afterEach, beforeEach } from "vitest";
import { encodedWanted, type OpenClawWanted } from "../../infra/openclaw-wanted.ts";
import { encodedPiProgram, piScript } from "../../infra/pi-script.ts";
import type { Stage } from "../../rehearsal/stage.ts";

const script = piScript("openclaw", { asRoot: false });
export const origin = "https://openclaw-suite.example.com";
export const folder = "/home/pi/.openclaw";
/** How OpenClaw is installed on the rehearsed Pi. */
export const found = {
  node: "24.21.0",
  entry: "/opt/openclaw/node_modules/openclaw/dist/index.js",
  config: `${folder}/openclaw.json`,
  unit: "user openclaw-gateway.service",
};

/** OpenClaw's config on the rehearsed Pi, and the step that changes it, for a suite that puts it back after each test. */
export function openclawOnPi(stage: () => Stage) {
  const run = (
    operation: "create" | "delete",
    change: Partial<OpenClawWanted> = {},
    openclawPort = "18789",
  ) =>
    stage().host.exec(script.command(operation), {
      stdin: script.stdin({
        stack: "suite",
        openclaw_port: openclawPort,
        program: encodedPiProgram("openclaw"),
        wanted: encodedWanted({ origin, endpoints: [], ...change }),
      }),
      timeoutMs: 180_000,
    });
  const sh = async (command: string, stdin = "") => (await stage().host.exec(command, { stdin })).stdout;
  const config = () => sh(`cat ${folder}/openclaw.json`);
  const write = (text: string) =>
    sh(
      `cat > ${folder}/openclaw.json.new && chmod 600 ${folder}/openclaw.json.new && mv ${folder}/openclaw.json.new ${folder}/openclaw.json`,
      text,
    );
  const files = () => sh(`ls -A ${folder} | grep ^openclaw | grep -v last-good`);
  /** What a path answers to a proxied caller with these headers, once it settles on the wanted status. */
  const status = (headers: string, wanted: number, path = "/v1/models") =>
    sh(
      `for i in $(seq 60); do s=$(curl -s -o /dev/null -w '%{http_code}' -H @- -H 'x-forwarded-for: 192.0.2.7' http://127.0.0.1:18789${path} <<H\n${headers}\nH\n); [ "$s" = ${wanted} ] && break; sleep 0.5; done; printf %s "$s"`,
    );
  const models = (token: string, wanted: number) => status(`authorization: Bearer ${token}`, wanted);

  let before = "";
  beforeEach(async () => {
    before = await config();
  });
  afterEach(async () => {
    if ((await files()).includes("openclaw-gateway.suite.json")) await run("delete");
    if ((await config()) !== before) await write(before);
    await sh(`rm -f ${folder}/openclaw-gateway.suite.json ${folder}/openclaw.json.{bak,rejected}*`);
    await models(stage().host.gatewayToken, 403);
  });
  return { run, sh, config, write, files, status, models };
}

type Json = Record<string, unknown>;

/** Two objects as one, the second one's values where both have some. */
export function merge(a: Json, b: Json): Json {
  const isObject = (value: unknown): value is Json =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const old = a[key];
    merged[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return merged;
}
