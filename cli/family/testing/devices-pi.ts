import { spawnSync } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Devices } from "../../../infra/devices.ts";
import { type FakeHost, startFakeHost } from "../../../rehearsal/providers/testing/fake-host.ts";

/** A Pi that runs the real pi/devices.sh, by SSH on loopback, over a stand-in for OpenClaw's own command. */
export interface DevicesPi {
  readonly host: FakeHost;
  /** As a stack's config has it; the private key is `host.privateKey`. */
  readonly config: { readonly host: string; readonly port: number; readonly hostKey: string };
  /** What OpenClaw's command was asked so far, one line each. */
  asked(): Promise<string[]>;
  has(devices: { pending?: readonly object[]; paired?: readonly object[] }): Promise<void>;
  devices(): Promise<Devices>;
  close(): Promise<void>;
}

export async function startDevicesPi(): Promise<DevicesPi> {
  const folder = await mkdtemp(join(tmpdir(), "devices-pi-"));
  const [home, path] = [join(folder, "home"), join(folder, "path")];
  const [bin, openclaw] = [join(home, ".npm-global/bin"), join(home, ".npm-global/lib/openclaw")];
  for (const one of [path, bin, openclaw]) await mkdir(one, { recursive: true });
  await copyFile(join(import.meta.dirname, "openclaw-devices.mjs"), join(openclaw, "openclaw.mjs"));
  await symlink(join(openclaw, "openclaw.mjs"), join(bin, "openclaw"));
  await symlink(process.execPath, join(bin, "node"));
  // What finds OpenClaw elsewhere would find this machine's own.
  for (const name of ["ss", "systemctl", "bash"]) {
    await writeFile(join(path, name), "#!/bin/sh\nexit 1\n");
    await chmod(join(path, name), 0o755);
  }
  const host = await startFakeHost();
  host.reply = (command) => {
    if (!/ devices create [0-9a-f]+$/.test(command))
      return { stderr: `not asked for: ${command}`, status: 127 };
    const input = host.runs.at(-1)?.stdin ?? "";
    const env = { HOME: home, PATH: `${path}:/usr/local/bin:/usr/bin:/bin` };
    const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
      env,
      input,
      encoding: "utf8",
      timeout: 20_000,
    });
    return { stdout, stderr, status: status ?? 255 };
  };
  const list = join(openclaw, "devices.json");
  const has: DevicesPi["has"] = ({ pending = [], paired = [] }) =>
    writeFile(list, JSON.stringify({ pending, paired }));
  await has({});
  return {
    host,
    config: { host: "127.0.0.1", port: host.port, hostKey: host.hostKey.split(" ").slice(0, 2).join(" ") },
    asked: async () =>
      (await readFile(join(openclaw, "asked"), "utf8").catch(() => "")).split("\n").slice(0, -1),
    has,
    devices: async () => JSON.parse(await readFile(list, "utf8")),
    async close() {
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
