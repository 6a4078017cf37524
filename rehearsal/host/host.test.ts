import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CertificateAuthority, createCertificateAuthority } from "../ca.ts";
import { isAlive } from "../cache.ts";
import { quiet } from "../progress.ts";
import { cgroupTrees } from "./cgroup.ts";
import { ownArchitecture, packConnector } from "./deb.ts";
import { awaitOpenClaw, bootHost, type RehearsedHost, startHost } from "./host.ts";
import { newKeyPair } from "./keys.ts";
import { type PackageServer, servePackages } from "./packages.ts";
import { type HostAssets, prepareHost } from "./prepare.ts";
import { run } from "./run.ts";
import { type Slot, takeSlot, tryTakeSlot } from "./slot.ts";
import { sshExec } from "./ssh.ts";

let assets: HostAssets;
let ca: CertificateAuthority;
let slot: Slot;

beforeAll(async () => {
  assets = await prepareHost(quiet);
  ca = await createCertificateAuthority();
  slot = await takeSlot();
}, 5 * 60_000);

afterAll(() => slot?.release());

describe("a rehearsed host", () => {
  let host: RehearsedHost;
  let packages: PackageServer;

  beforeAll(async () => {
    const deb = await packConnector({
      version: "2026.8.2",
      architecture: await ownArchitecture(),
      programs: {
        "usr/bin/cloudflared": "#!/bin/sh\necho 'cloudflared version 2026.8.2 (built for a test)'\n",
      },
    });
    packages = await servePackages({ address: slot.streetAddress, ca, deb });
    host = await startHost(assets, { slot, index: 0, name: "raspberrypi", ca, progress: quiet });
  }, 3 * 60_000);

  afterAll(async () => {
    await host?.stop();
    await packages?.close();
  });

  const answer = async (command: string, asRoot = false) => {
    const { code, stdout, stderr } = await host.exec(command, { asRoot });
    expect(`${code} ${code === 0 ? "" : stderr}`.trim()).toBe("0");
    return stdout.trim();
  };

  it("lets pi in by its key and gives sudo without a password", async () => {
    expect(await answer("id -un && sudo -n id -un && hostname")).toBe("pi\nroot\nraspberrypi");
  });

  it("refuses another key", async () => {
    const { private: privateKey } = newKeyPair("ed25519");
    await expect(sshExec({ ...host, privateKey }, "true")).rejects.toThrow(/authentication methods failed/);
  });

  it("is refused by a client that knows another host key", async () => {
    const hostKey = newKeyPair("ecdsa").public;
    await expect(sshExec({ ...host, hostKey }, "true")).rejects.toThrow(/verification failed/);
  });

  it("has the three host keys of a stock Debian, and its ECDSA key is the one to pin", async () => {
    const scanned = await run("ssh-keyscan", ["-t", "rsa,ecdsa,ed25519", host.address]);
    const lines = scanned.split("\n").filter((line) => line.startsWith(host.address));
    expect(lines.map((line) => line.split(" ")[1]).sort()).toEqual([
      "ecdsa-sha2-nistp256",
      "ssh-ed25519",
      "ssh-rsa",
    ]);
    expect(lines).toContain(`${host.address} ${host.hostKey}`);
  });

  it("passes stdin, the exit code and both outputs through", async () => {
    const script = "cat; echo bad >&2; exit 7";
    const expected = { code: 7, stdout: "good", stderr: "bad\n" };
    expect(await host.exec(script, { stdin: "good" })).toEqual(expected);
    expect(await host.exec(script, { stdin: "good", asRoot: true })).toEqual(expected);
  });

  it("ends a command that lasts too long", async () => {
    await expect(host.exec("sleep 60", { timeoutMs: 500 })).rejects.toThrow(/500 ms/);
  });

  it("has booted without a failed unit, pi's own included", async () => {
    expect(await answer("systemctl is-system-running --wait")).toBe("running");
    expect(await answer("systemctl --user is-system-running --wait")).toBe("running");
  });

  it("runs OpenClaw on loopback as its user set it up: with a token, the HTTP API closed", async () => {
    const status = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:18789";
    expect(await answer(`${status}/readyz`)).toBe("200");
    expect(await answer(`${status}/v1/models -H 'Authorization: Bearer ${host.gatewayToken}'`)).toBe("404");
    expect(await answer("stat -c %a ~/.openclaw ~/.openclaw/openclaw.json")).toBe("700\n600");
    expect(await answer("openclaw --version")).toContain("2026.9.6");
    await expect(run("curl", ["-s", "-m", "5", `http://${host.address}:18789/readyz`])).rejects.toThrow();
  });

  it("reaches the street and nothing else", async () => {
    expect(
      await answer("curl -fsS https://pkg.cloudflare.com/cloudflare-main.gpg | gpg --show-keys"),
    ).toMatch(/ed25519/);
    expect((await host.exec("ip route get 192.0.2.1")).stderr).toMatch(/unreachable/);
  });

  it("installs cloudflared from the signed archive, and not without its key", async () => {
    const list = "/etc/apt/sources.list.d/cloudflared.list";
    const keyring = "/usr/share/keyrings/cloudflare-main.gpg";
    const update = `sudo apt-get update -o Dir::Etc::sourcelist=${list} -o Dir::Etc::sourceparts=-`;
    const source = `deb [signed-by=${keyring}] https://pkg.cloudflare.com/cloudflared any main`;
    await answer(`echo '${source}' | sudo tee ${list}`);
    expect((await host.exec(update)).stderr).toMatch(/not signed|NO_PUBKEY|Missing key/);
    await answer(`sudo curl -fsS -o ${keyring} https://pkg.cloudflare.com/cloudflare-main.gpg`);
    await answer(update);
    await answer("sudo DEBIAN_FRONTEND=noninteractive apt-get install -y cloudflared=2026.8.2");
    expect(await answer("cloudflared --version")).toMatch(/^cloudflared version 2026\.8\.2 /);
  });

  it("has a model that answers the last question, however OpenClaw wraps it, word by word", async () => {
    const content =
      "[Mon 2026-11-23 00:12 UTC] [Chat messages since your last reply - for context]\nUser: one\n\n" +
      "[Current message - respond to this]\nUser: and [two] now\n\nRuntime: agent=main | host=x";
    const context = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nnone\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>";
    const messages = [
      { role: "user", content },
      { role: "user", content: [{ type: "text", text: context }] },
    ];
    const ask = async (stream: boolean) => {
      const stdin = JSON.stringify({ model: "stub-1", stream, messages });
      const url = "http://127.0.0.1:18080/v1/chat/completions";
      return (await host.exec(`curl -fsS -w '\n%{time_total}' -d @- ${url}`, { stdin })).stdout;
    };
    expect(await ask(false)).toContain('"content":"The rehearsal\'s model heard: and [two] now"');
    const streamed = await ask(true);
    expect(streamed.match(/"content":"[^"]+"/g)).toHaveLength(7);
    expect(streamed).toContain("data: [DONE]");
    expect(Number(streamed.trim().split("\n").at(-1))).toBeGreaterThan(0.3);
  });

  it("comes back after a reboot from the inside, OpenClaw with it", async () => {
    const bootId = async () => (await host.exec("cat /proc/sys/kernel/random/boot_id")).stdout;
    const before = await bootId();
    await host.exec("sudo systemctl reboot").catch(() => {}); // the connection may end before the command does
    await expect.poll(() => bootId().catch(() => before), { timeout: 20_000 }).not.toBe(before);
    await awaitOpenClaw(host);
  }, 120_000);
});

describe("what a host leaves behind", () => {
  /** All that a guest of this slot consists of on this machine. */
  const traces = async (number: number) => {
    const groups = await Promise.all(cgroupTrees().map((tree) => readdir(tree)));
    const links = JSON.parse(await run("ip", ["-json", "link"])) as { ifname: string }[];
    const folder = `/run/openclaw-gateway/slot-${number}`;
    return [
      ...groups.flat().filter((name) => name.startsWith(`ocg-${number}-`)),
      ...links.map(({ ifname }) => ifname).filter((name) => name.startsWith(`ocg-v${number}-`)),
      ...(await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(folder)),
      ...(existsSync(folder) ? await readdir(folder) : []),
    ];
  };
  const boot = () => bootHost(assets, { slot, index: 1, name: "second", ca }, { chatCompletions: false });
  const alone = (names: string[]) => names.filter((name) => !/-0$/.test(name)); // the first host may still run

  it("is nothing after stop", async () => {
    const host = await boot();
    expect(alone(await traces(slot.number)).length).toBeGreaterThan(2);
    await host.stop();
    expect(alone(await traces(slot.number))).toEqual([]);
    expect(isAlive(host.containerPid)).toBe(false);
  });

  it("is nothing when it cannot start", async () => {
    const broken = { layers: ["/nonexistent", ...assets.layers] };
    const options = { slot, index: 1, name: "broken", ca };
    await expect(bootHost(broken, options, { chatCompletions: false })).rejects.toThrow(
      /could not be set up/,
    );
    expect(alone(await traces(slot.number))).toEqual([]);
  });

  it("is cleared by the next taker of the slot when the run was killed", async () => {
    const { child, number, containerPid } = await bootInAnotherProcess();
    expect(await tryTakeSlot(number)).toBeUndefined(); // taken
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => isAlive(containerPid), { timeout: 10_000 }).toBe(false);
    const retaken = await tryTakeSlot(number);
    expect(await traces(number)).toEqual([]);
    await retaken?.release();
    expect(await run("ip", ["-brief", "link"])).not.toMatch(new RegExp(`ocg-br${number}\\b`));
  });
});

/** Boots a host in a process of its own, which then waits to be ended. */
async function bootInAnotherProcess() {
  const here = import.meta.dirname;
  const program = `
    const { takeSlot } = await import("${here}/slot.ts");
    const { bootHost } = await import("${here}/host.ts");
    const slot = await takeSlot();
    const options = { slot, index: 0, name: "killed", ca: { certificate: "" } };
    const host = await bootHost(${JSON.stringify(assets)}, options, { chatCompletions: false });
    console.log(JSON.stringify({ number: slot.number, containerPid: host.containerPid }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data", { signal: AbortSignal.timeout(20_000) });
  return { child, ...(JSON.parse(String(line)) as { number: number; containerPid: number }) };
}
