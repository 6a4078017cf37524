import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startTestCloudflare, type TestCloudflare } from "../../../rehearsal/cloudflare/testing/account.ts";
import { startConnector, type TestConnector } from "../../../rehearsal/cloudflare/testing/connector.ts";
import { ensureEngine } from "../../../rehearsal/engine/index.ts";
import { quiet } from "../../../rehearsal/progress.ts";
import { startProviders } from "../../../rehearsal/providers/index.ts";
import {
  type FakeHost,
  type FakeReply,
  startFakeHost,
} from "../../../rehearsal/providers/testing/fake-host.ts";
import { factLines, goodFacts } from "../../../rehearsal/testing/pi-facts.ts";
import { type Desk, type DeskRun, namesLeadTo, newDesk } from "../../init/testing/desk.ts";

export const stackName = "family";

/** A stack that was set up and built on the real engine, against a Pi that only says it has done what it was told. */
export interface BuiltStack {
  readonly cloudflare: TestCloudflare;
  readonly host: FakeHost;
  readonly desk: Desk;
  /** The project's file of the stack. */
  readonly file: string;
  /** The tunnel tokens that the Pi was given, in order; the connector runs with the last one. */
  readonly tunnelTokens: readonly string[];
  readonly connector: () => TestConnector | undefined;
  pulumi(...args: string[]): Promise<string>;
  setSecret(path: string, value: string): Promise<void>;
  /** The command, of this stack unless it is told `--all`. */
  rotate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** The same with an input, or a hand on it while it runs. */
  rotateWith(run: DeskRun, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** OpenClaw's own token, as it has it now. */
  token(): string;
  /** What the Pi answers to a command otherwise than by itself. */
  onPi: ((command: string, stdin: string) => FakeReply | undefined) | undefined;
  close(): Promise<void>;
}

/** @param slot where the search for a free slot begins */
export async function buildStack(slot: number): Promise<BuiltStack> {
  const teardown = new AsyncDisposableStack();
  const cloudflare = await startTestCloudflare(slot);
  teardown.defer(() => cloudflare.local.close());
  const host = await startFakeHost();
  teardown.defer(() => host.close());
  const openclaw = await startOpenClaw("of-openclaw");
  teardown.defer(openclaw.close);
  const providers = await startProviders({ env: {}, progress: quiet });
  teardown.defer(() => providers.close());
  const desk = await newDesk(cloudflare.local.apiUrl, "rotate");
  teardown.defer(() => desk.clear());

  const built: Pick<BuiltStack, "onPi"> = { onPi: undefined };
  const tunnelTokens: string[] = [];
  let connector: TestConnector | undefined;
  let connectorId: string | undefined;
  let changing: Promise<unknown> = Promise.resolve();
  teardown.defer(async () => {
    await changing;
    await connector?.stop();
  });
  const connect = async (token: string) => {
    await connector?.stop();
    connectorId = undefined;
    connector = await startConnector(token, cloudflare.streetAddress);
    const ready = await fetch(`${await connector.metricsUrl()}/ready`);
    connectorId = ((await ready.json()) as { connectorId: string }).connectorId;
  };
  host.reply = (command) => {
    const other = built.onPi?.(command, host.runs.at(-1)?.stdin ?? "");
    if (other) return other;
    if (command.includes(" look ")) return { stdout: factLines(goodFacts(undefined, openclaw.port)) };
    if (command.includes(" openclaw create"))
      return { stdout: `${JSON.stringify({ token: openclaw.token, openclaw: "2026.9.6" })}\n` };
    if (command.includes(" gateway-token create"))
      openclaw.token = /^new_token (.*)$/m.exec(host.runs.at(-1)?.stdin ?? "")?.[1] ?? "";
    if (command.includes(" connector-id create")) return { stdout: `${JSON.stringify({ connectorId })}\n` };
    if (command.includes(" tunnel-token create")) {
      const old = /^old_token (.*)$/m.exec(host.runs.at(-1)?.stdin ?? "")?.[1];
      return { stdout: `${JSON.stringify({ refused: old === tunnelTokens.at(-2) })}\n` };
    }
    if (command.includes(" connector create")) {
      const token = /^tunnel_token (.*)$/m.exec(host.runs.at(-1)?.stdin ?? "")?.[1] ?? "";
      tunnelTokens.push(token);
      changing = changing.then(() => connect(token));
      return { stdout: '{"cloudflared":"2026.8.2"}\n' };
    }
    return { stdout: "{}\n" };
  };

  const { languageHost } = await ensureEngine(quiet);
  const certificate = join(desk.home, "ca.pem");
  await writeFile(certificate, cloudflare.ca.certificate);
  const env = {
    ...providers.env,
    PATH: [languageHost, process.env.PATH].filter(Boolean).join(":"),
    NODE_EXTRA_CA_CERTS: certificate,
    ...namesLeadTo(cloudflare.local.edgeAddress),
  };
  await setUp(desk);
  const own = { ...env, PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_STACK: stackName };
  const pulumi = (...args: string[]) => desk.pulumi(args, own);
  const file = join(desk.project, `Pulumi.${stackName}.yaml`);
  await pulumi("stack", "init", stackName);
  const config = {
    "cloudflare:baseUrl": { value: cloudflare.local.apiUrl },
    ...Object.fromEntries(
      Object.entries({
        accountId: cloudflare.local.accountId,
        access: { emails: ["you@example.com"] },
        pi: {
          host: "127.0.0.1",
          port: host.port,
          hostKey: host.hostKey.split(" ").slice(0, 2).join(" "),
          openclawPort: openclaw.port,
        },
      }).map(([key, value]) => [
        `openclaw-gateway:${key}`,
        typeof value === "string" ? { value } : { value: JSON.stringify(value), objectValue: value },
      ]),
    ),
  };
  await pulumi("config", "set-all", "--json", JSON.stringify(config));
  const setSecret = async (path: string, value: string) => {
    await desk.pulumi(["config", "set", "--secret", "--raw", "--path", path], own, value);
  };
  await setSecret("cloudflare:apiToken", cloudflare.local.apiToken);
  await setSecret("openclaw-gateway:pi.privateKey", host.privateKey);
  return Object.assign(built, {
    cloudflare,
    host,
    desk,
    file,
    tunnelTokens,
    connector: () => connector,
    pulumi,
    setSecret,
    rotate: (...args: string[]) =>
      desk.run(args.includes("--all") ? args : ["--stack", stackName, ...args], { env }),
    rotateWith: (run: DeskRun, ...args: string[]) =>
      desk.run(["--stack", stackName, ...args], { ...run, env: { ...env, ...run.env } }),
    token: () => openclaw.token,
    close: () => teardown.disposeAsync(),
  });
}

const passphrase = "a passphrase of the test's";

/** What `npm run init` leaves in a home folder. */
async function setUp({ home, backend }: Desk): Promise<void> {
  const folder = join(home, ".config/openclaw-gateway");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const passphraseFile = join(folder, `${stackName}.passphrase`);
  await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
  await writeFile(
    join(folder, `${stackName}.env`),
    [
      `export PULUMI_STACK=${stackName}`,
      `export PULUMI_BACKEND_URL=${backend}`,
      `export PULUMI_CONFIG_PASSPHRASE_FILE=${passphraseFile}`,
      "",
    ].join("\n"),
  );
}

/** As much of OpenClaw as /ready and a look at its models ask: for those it wants its token. */
async function startOpenClaw(token: string) {
  const openclaw = { token, port: 0, close: async () => {} };
  const server = createServer((request, response) => {
    const isIn = request.headers.authorization === `Bearer ${openclaw.token}`;
    const status = request.url === "/readyz" ? 200 : request.url !== "/v1/models" ? 404 : isIn ? 200 : 401;
    response.setHeader("content-type", "application/json");
    response.writeHead(status).end('{"ready":true}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(openclaw, {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
