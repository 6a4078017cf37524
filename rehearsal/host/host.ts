import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Progress } from "../progress.ts";
import { type Container, runInGuest, startContainer } from "./container.ts";
import { newKeyPair } from "./keys.ts";
import type { HostAssets } from "./prepare.ts";
import { type CommandResult, run } from "./run.ts";
import { writeSettings } from "./settings.ts";
import type { Slot } from "./slot.ts";
import { type SshTarget, sshExec } from "./ssh.ts";

export interface HostOptions {
  readonly slot: Slot;
  /** Which guest of the slot: 0, 1, … */
  readonly index: number;
  /** Its host name. */
  readonly name: string;
  /** PEM of the rehearsal's authority, which the guest trusts. */
  readonly ca: { readonly certificate: string };
  /** Fingerprint of the package archive's key, which the guest's administrator trusts. */
  readonly packageKey?: string;
  readonly progress: Progress;
}

export interface ExecOptions {
  readonly stdin?: string;
  /** Default: a minute. */
  readonly timeoutMs?: number;
  /** As root and without SSH, so also where neither works. */
  readonly asRoot?: boolean;
}

/** A machine that the program's steps are done on: Debian with OpenClaw, reached by SSH. */
export interface Host extends SshTarget {
  /** The token in its openclaw.json. */
  readonly gatewayToken: string;
  /** Where its openclaw.json is. */
  readonly openclawFolder: string;
  /** Whether a question is answered by a model of its owner's, whose words nobody knows beforehand. */
  readonly ownModel: boolean;
  /** Runs a shell command over real SSH as its user, or as root. */
  exec(command: string, options?: ExecOptions): Promise<CommandResult>;
  /** Leaves nothing of the rehearsal on it. */
  stop(): Promise<void>;
}

/** What it takes to reach a rehearsed host; plain data, so that one process can start it and another use it. */
export interface HostDetails extends Omit<Host, "exec" | "stop"> {
  readonly privateKey: string;
  /** The process of this machine that the host's container hangs on. */
  readonly containerPid: number;
}

/** A rehearsed Raspberry Pi: a Debian container, with OpenClaw running as user pi. Its `stop` pulls the plug. */
export interface RehearsedHost extends Host, HostDetails {
  readonly privateKey: string;
}

/** `exec` for a host that another process of this machine has started. */
export const execOn =
  (details: HostDetails): Host["exec"] =>
  (command, { asRoot, ...options } = {}) =>
    asRoot
      ? runInGuest(details.containerPid, ["sh", "-c", command], options)
      : sshExec(details, command, options);

/**
 * Starts a host and waits until OpenClaw on it is ready.
 *
 * @throws Error, with the end of the guest's console or OpenClaw's log, when it does not come up; nothing is left then
 */
export async function startHost(assets: HostAssets, options: HostOptions): Promise<RehearsedHost> {
  return options.progress.step(`host ${options.name}`, async (detail) => {
    const host = await bootHost(assets, options, { chatCompletions: false });
    try {
      detail("OpenClaw starts");
      await awaitOpenClaw(host);
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  });
}

/**
 * Boots a host up to its SSH login.
 *
 * @param chatCompletions whether OpenClaw's HTTP API is open, which on a host that was not touched yet it is not
 */
export async function bootHost(
  { layers, home }: HostAssets,
  options: Omit<HostOptions, "progress">,
  { chatCompletions }: { chatCompletions: boolean },
): Promise<RehearsedHost> {
  const { slot, index, name, ca, packageKey } = options;
  const hostKeys = newHostKeys();
  const userKey = newKeyPair("ed25519");
  const gatewayToken = randomBytes(32).toString("hex");
  const settings = join(slot.folder, `ocg-${slot.number}-${index}`, "settings");
  await mkdir(settings, { recursive: true, mode: 0o755 });
  if (home) await run("cp", ["--archive", `${home}/.`, settings]);
  await writeSettings(settings, layers.at(-1) as string, {
    name,
    hostKeys,
    userKey: userKey.public,
    caCertificate: ca.certificate,
    packageKey,
    hosts: Object.fromEntries(streetNames.map((hostname) => [hostname, slot.streetAddress])),
    openclaw: openclawConfig(gatewayToken, chatCompletions),
  });
  const container = await startContainer({ slot, index, name, layers, settings });
  const details: HostDetails = {
    address: slot.guestAddress(index),
    port: 22,
    user: "pi",
    hostKey: hostKeys.ecdsa.public.split(" ").slice(0, 2).join(" "),
    privateKey: userKey.private,
    gatewayToken,
    openclawFolder: "/home/pi/.openclaw",
    ownModel: false,
    containerPid: container.pid,
  };
  const host: RehearsedHost = { ...details, exec: execOn(details), stop: container.stop };
  try {
    await awaitLogin(host, container);
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

/**
 * The three keys that Debian's openssh-server makes when it is installed. The one to pin is the ECDSA key, which
 * clients that leave the choice to golang.org/x/crypto/ssh are shown (its preferredHostKeyAlgos).
 */
const newHostKeys = () => ({
  rsa: newKeyPair("rsa"),
  ecdsa: newKeyPair("ecdsa"),
  ed25519: newKeyPair("ed25519"),
});

/** What the guest knows by name, all of it on the street: the package archive and the tunnel's two regions. */
const streetNames = ["pkg.cloudflare.com", "region1.v2.argotunnel.com", "region2.v2.argotunnel.com"];

/** OpenClaw as its user has set it up before any of this: on loopback, with a token, and nothing opened. */
const openclawConfig = (token: string, chatCompletions: boolean): object => ({
  gateway: {
    mode: "local",
    port: 18789,
    bind: "loopback",
    auth: { mode: "token", token },
    ...(chatCompletions && { http: { endpoints: { chatCompletions: { enabled: true } } } }),
  },
  models: {
    providers: {
      stub: {
        baseUrl: "http://127.0.0.1:18080/v1",
        apiKey: "stub-key",
        api: "openai-completions",
        models: [{ id: "stub-1", name: "Stub 1" }],
      },
    },
  },
  agents: { defaults: { model: { primary: "stub/stub-1" } } },
});

/** Waits for the first SSH login, at most 30 seconds. */
async function awaitLogin(host: Host, container: Container): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await host.exec("true", { timeoutMs: 10_000 });
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(
          `No SSH login on ${host.address}: ${(error as Error).message}\n${container.console()}`,
        );
    }
    await delay(50); // a port that opens announces itself to nobody
  }
}

/** Waits until OpenClaw says that it is ready, at most two minutes: its first start on a slow machine is long. */
export async function awaitOpenClaw(host: Host): Promise<void> {
  const ready = "until curl -fs -m 5 -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.1; done";
  const { code } = await host.exec(`timeout 120 sh -c '${ready}'`, { timeoutMs: 130_000 });
  if (code === 0) return;
  const log = await host.exec("journalctl -n 40 --no-pager _SYSTEMD_USER_UNIT=openclaw-gateway.service", {
    asRoot: true,
  });
  throw new Error(`OpenClaw on ${host.address} is not ready after two minutes:\n${log.stdout}`);
}
