import type { Host } from "../host.ts";

interface Devices {
  readonly paired?: readonly { readonly deviceId: string }[];
  readonly pending?: readonly { readonly requestId: string }[];
}

async function list(host: Host): Promise<Devices> {
  const { code, stdout, stderr } = await host.exec("openclaw devices list --json", { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`openclaw devices list: ${stderr.trim()}`);
  return JSON.parse(stdout.slice(stdout.indexOf("{"))) as Devices;
}

/** Ids of the browsers and apps that may use a machine's OpenClaw, and of those that ask to. */
export async function pairedDevices(host: Host): Promise<ReadonlySet<string>> {
  const { paired = [], pending = [] } = await list(host);
  return new Set([...paired.map(({ deviceId }) => deviceId), ...pending.map(({ requestId }) => requestId)]);
}

/** Removes every device and request that was not there before. */
export async function removeDevices(host: Host, before: ReadonlySet<string>): Promise<void> {
  const { paired = [], pending = [] } = await list(host);
  const commands = [
    ...paired.map(({ deviceId }) => ["remove", deviceId] as const),
    ...pending.map(({ requestId }) => ["reject", requestId] as const),
  ].filter(([, id]) => !before.has(id) && /^[\w-]+$/.test(id));
  for (const [verb, id] of commands) {
    const { code, stderr } = await host.exec(`openclaw devices ${verb} ${id} --json`, { timeoutMs: 120_000 });
    if (code !== 0) throw new Error(`openclaw devices ${verb}: ${stderr.trim()}`);
  }
}
