import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { connectorOnPi, unexpectedConnectors } from "../../infra/connectors.ts";
import { type Progress, unlessNotWalked } from "../progress.ts";
import type { Stage } from "../stage.ts";
import { expectAnswer, expectModel } from "./answers.ts";
import type { Artefacts } from "./artefacts.ts";
import { openBrowser } from "./browser.ts";
import { expect } from "./expect.ts";
import { devices, forgetDevicesBut, piOf } from "./stations/devices.ts";
import { type SignIn, stations } from "./stations/index.ts";
import { people } from "./stations/station.ts";
import { readStream } from "./stream.ts";
import { differences, type Inventory, inventoryOf } from "./traces.ts";
import { type Credentials, type Visitor, visitorOf } from "./visitor.ts";

/** The rehearsal's own stack. */
export const stackName = "rehearsal";

/** A built stack with someone outside who uses it. */
export interface BuiltGateway {
  readonly signIn: SignIn;
  readonly stack: Stack;
  readonly url: string;
  readonly tunnelId: string;
  readonly credentials: Credentials;
  readonly visitor: Visitor;
}

/** The config a person would write for the rehearsed account and Pi. */
export const stackConfig = ({ cloudflare, host }: Stage): ConfigMap => ({
  "openclaw-gateway:accountId": { value: cloudflare.accountId },
  "openclaw-gateway:pi.host": { value: host.address },
  "openclaw-gateway:pi.port": { value: String(host.port) },
  "openclaw-gateway:pi.user": { value: host.user },
  "openclaw-gateway:pi.hostKey": { value: host.hostKey },
  ...(host.privateKey !== undefined && {
    "openclaw-gateway:pi.privateKey": { value: host.privateKey, secret: true },
  }),
  "openclaw-gateway:access.emails[0]": { value: people.owner },
});

/** The same with the login at Access as OpenClaw's own, and someone of each role. */
export const identityConfig = (stage: Stage): ConfigMap => ({
  ...stackConfig(stage),
  "openclaw-gateway:signIn": { value: "access" },
  ...Object.fromEntries(
    Object.entries(people).flatMap(([role, email], index) => [
      [`openclaw-gateway:access.emails[${index}]`, { value: email }],
      [`openclaw-gateway:roles.${role}s[0]`, { value: email }],
    ]),
  ),
});

const configs = { token: stackConfig, access: identityConfig } as const;

/** `pulumi up`, and what a user then has in hand. */
export async function build(
  stage: Stage,
  progress: Progress,
  { signIn = "token", signal }: { readonly signIn?: SignIn; readonly signal?: AbortSignal } = {},
): Promise<BuiltGateway> {
  return progress.step("pulumi up builds the chain", async (detail) => {
    const stack = await stage.workspace.stack(stackName, configs[signIn](stage));
    signal?.throwIfAborted(); // the Automation API looks at its signal only while the engine runs
    await stack.up({ signal, onEvent: (event) => detailOf(event.resourcePreEvent?.metadata.urn, detail) });
    const outputs = await stack.outputs();
    const url = String(outputs.url?.value);
    const credentials = outputs.serviceTokens?.value.cli as Credentials;
    const visitor = await visitorOf(url, {
      edgeAddress: stage.cloudflare.edgeAddress,
      caCertificate: stage.ca.certificate,
      credentials,
      folder: `${stage.workspace.folder}/visitor`,
    });
    const tunnelId = String(outputs.tunnelId?.value);
    return { signIn, stack, url, tunnelId, credentials, visitor };
  });
}

function detailOf(urn: string | undefined, detail: (text: string) => void): void {
  const name = urn?.split("::").at(-1);
  if (name) detail(name);
}

/** Walks the built chain as a script's user would. Every step throws when what it sees is not what it should be. */
export async function useGateway(stage: Stage, gateway: BuiltGateway, progress: Progress): Promise<void> {
  const { visitor } = gateway;
  await progress.step("the tunnel is connected", async () => {
    const { stdout } = await stage.host.exec(`systemctl is-active cloudflared-${stackName}.service`);
    expect(stdout.trim() === "active", `the connector's unit is ${stdout.trim()}`);
    const id = await connectorOnPi(piOf(stage), stackName);
    expect(id !== undefined, "the Pi does not tell its connector's id");
    const { accountId, apiUrl: baseUrl, apiToken: token } = stage.cloudflare;
    const strangers = await unexpectedConnectors(accountId, gateway.tunnelId, { id }, { baseUrl, token });
    expect(strangers.length === 0, `there is another connector than the Pi's: ${JSON.stringify(strangers)}`);
  });
  await progress.step("Access refuses curl without a token", async () => {
    const { status, headers } = await visitor.get("/v1/models", { signedIn: false });
    const sentToLogin =
      status === 302 && headers.get("location")?.startsWith(`https://${stage.cloudflare.teamDomain}/`);
    expect(sentToLogin || status === 401 || status === 403, `it answered ${status}`);
  });
  await progress
    .step("OpenClaw answers curl (JSON)", async () => {
      const { status, body } = await visitor.post(
        "/v1/chat/completions",
        question("Say hello to the family"),
      );
      expectModel(stage.host, { status, body });
      expect(status === 200, `it answered ${status}: ${body}`);
      expectAnswer(stage.host, String(JSON.parse(body).choices[0].message.content), "hello to the family");
    })
    .catch(unlessNotWalked);
  await progress
    .step("OpenClaw answers curl (streamed)", async () => {
      const { status, headers, body } = await visitor.post("/v1/chat/completions", {
        ...question("Count the cats"),
        stream: true,
      });
      expectModel(stage.host, { status, body });
      expect(
        status === 200 && headers.get("content-type")?.startsWith("text/event-stream") === true,
        `it answered ${status}: ${body}`,
      );
      const { text, pieces, done } = readStream(body);
      expectAnswer(stage.host, text, "Count the cats");
      // An owner's model may say all it has to say in one word.
      expect(
        (pieces > 1 || stage.host.ownModel) && done,
        `it came in ${pieces} pieces, ${done ? "with" : "without"} an end`,
      );
    })
    .catch(unlessNotWalked);
}

const question = (content: string) => ({ model: "openclaw", messages: [{ role: "user", content }] });

/**
 * Walks what people do in a browser, at a real Chromium; each station keeps pictures of what it saw.
 *
 * @throws WalkError at the first station that is not as it should be
 */
export async function useInBrowser(
  stage: Stage,
  { url, signIn }: BuiltGateway,
  artefacts: Artefacts,
  progress: Progress,
): Promise<void> {
  const { hostname } = new URL(url);
  const browser = await openBrowser(stage, { hostname, artefacts, secrets: [stage.host.gatewayToken] });
  const afterwards = new AsyncDisposableStack();
  try {
    if (signIn === "access") {
      // They are approved without anybody who could tell which are the rehearsal's.
      const known = await devices(stage);
      afterwards.defer(() => forgetDevicesBut(known.paired, stage));
    }
    for (const { name, walk } of stations[signIn]) {
      await progress.step(name, () => browser.attempt(name, () => walk({ stage, url, browser, afterwards })));
    }
  } finally {
    await browser.close();
    await afterwards.disposeAsync();
  }
}

/** A second up has nothing to do. */
export async function upAgain(
  { stack }: BuiltGateway,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  await progress.step("a second up changes nothing", async () => {
    const { summary } = await stack.up({ signal });
    const { same: _same, ...changes } = summary.resourceChanges ?? {};
    expect(Object.keys(changes).length === 0, `it changed ${JSON.stringify(changes)}`);
  });
}

/** `pulumi destroy`, after which Cloudflare and the Pi are as before. */
export async function takeDown(
  stage: Stage,
  { stack }: BuiltGateway,
  before: Inventory,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  await progress.step("pulumi destroy takes it down", async (detail) => {
    await stack.destroy({
      signal,
      onEvent: (event) => detailOf(event.resourcePreEvent?.metadata.urn, detail),
    });
  });
  await progress.step("nothing is left", async () => {
    const resources = stage.cloudflare.resources();
    expect(resources.length === 0, `in the account: ${resources.join(", ")}`);
    const left = differences(before, await inventoryOf(stage.host));
    expect(left.length === 0, `on the Pi:\n${left.join("\n")}`);
  });
}
