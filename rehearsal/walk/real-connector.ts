import { randomBytes, randomUUID } from "node:crypto";
import { piScript } from "../../infra/pi-script.ts";
import type { RealPackage } from "../host/real-package.ts";
import { NotWalked, type Progress, unlessNotWalked } from "../progress.ts";
import type { Stage } from "../stage.ts";
import { expect } from "./expect.ts";
import { stations } from "./stations/index.ts";
import { differences, inventoryOf } from "./traces.ts";
import { stackName } from "./walk.ts";

const script = piScript("connector", { asRoot: true });
const unit = `cloudflared-${stackName}.service`;
/** The worst that systemd may say of the unit, of 10. */
const exposureBound = 1.5;

/** Steps of the whole walk that a cloudflared without Cloudflare's edge cannot take. */
export const needsTheEdge: readonly string[] = [
  "pulumi up builds the chain",
  "the tunnel is connected",
  "Access refuses curl without a token",
  "OpenClaw answers curl (JSON)",
  "OpenClaw answers curl (streamed)",
  ...stations.token.map(({ name }) => name),
  "a second up changes nothing",
  "pulumi destroy takes it down",
];

/**
 * Walks what the real cloudflared can do without Cloudflare's edge: the program's own script installs it, the unit
 * confines it, its binary takes the unit's flags and reads the token from where the unit puts it.
 */
export async function tryRealConnector(stage: Stage, deb: RealPackage, progress: Progress): Promise<void> {
  const { host } = stage;
  const asRoot = async (command: string) => (await host.exec(command, { asRoot: true })).stdout.trim();
  const before = await inventoryOf(host);
  const tunnel = newToken(stage.cloudflare.accountId);
  await progress.step("the program installs cloudflared from the signed repository", async () => {
    const { stderr } = await host.exec(script.command("create"), {
      stdin: script.stdin({ stack: stackName, tunnel_token: tunnel.token, version: "any", upgrades: "apt" }),
      timeoutMs: 240_000,
    });
    const installed = await asRoot("dpkg-query -W cloudflared | cut -f 2");
    expect(
      installed === deb.version,
      `${installed || "no version"} is installed, and not ${deb.version}: ${stderr}`,
    );
    // Without an edge this is how it has to end; any other code is a fault of the package or of the script.
    expect(/^TUNNEL_\w+:/m.test(stderr), `the program said: ${stderr}`);
    expect(!stderr.includes(tunnel.token), "the tunnel's token is in what the program said");
  });
  await progress.step("the binary takes the unit's flags and its token", async (detail) => {
    const journal = await asRoot(`journalctl -q --no-pager -o cat -u ${unit}`);
    const refused = /Incorrect Usage.*|flag provided but not defined.*|flag needs an argument.*/.exec(
      journal,
    );
    expect(!refused, `cloudflared said: ${refused?.[0]}`);
    // It names the tunnel once it has read the token; what comes after is its search for the edge.
    expect(
      journal.includes(tunnel.id),
      `cloudflared did not get as far as its tunnel:\n${journal.slice(-2000)}`,
    );
    expect(!journal.includes(tunnel.token), "the tunnel's token is in the journal");
    detail(journal.split("\n").at(-1) ?? "");
  });
  await progress.step(`systemd rates the unit ${exposureBound} or better`, async (detail) => {
    const words = await asRoot(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
    const exposure = Number(/level for \S+: ([\d.]+)/.exec(words)?.[1]);
    detail(words);
    expect(exposure <= exposureBound, `systemd says: ${words}`);
  });
  await progress.step("without a network it is started again for ever", async () => {
    const state = await asRoot(`systemctl show ${unit} -p ActiveState,NRestarts,Restart --value`);
    expect(/^(activating|active)\b/m.test(state), `the unit is ${state.replaceAll("\n", " ")}`);
  });
  for (const name of needsTheEdge) {
    const reason = "the real cloudflared connects to Cloudflare's own edge alone";
    await progress.step(name, () => Promise.reject(new NotWalked(reason))).catch(unlessNotWalked);
  }
  await progress.step("nothing is left", async () => {
    const { code, stderr } = await host.exec(script.command("delete"), {
      stdin: script.stdin({ stack: stackName }),
      timeoutMs: 180_000,
    });
    expect(code === 0, stderr);
    const left = differences(before, await inventoryOf(host));
    expect(left.length === 0, `on the Pi:\n${left.join("\n")}`);
  });
}

/** A token as Cloudflare gives one, of a tunnel that nobody has: base64 of account, tunnel and secret. */
function newToken(accountId: string): { id: string; token: string } {
  const id = randomUUID();
  const fields = { a: accountId, t: id, s: randomBytes(32).toString("base64") };
  return { id, token: Buffer.from(JSON.stringify(fields)).toString("base64") };
}
