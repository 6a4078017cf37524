import { configSchema, type PiConfig } from "../../../infra/config.ts";
import type { Stage } from "../../stage.ts";
import { expect } from "../expect.ts";

/** The way to the rehearsed Pi, as a stack's config has it. */
export const piOf = ({ host }: Stage): PiConfig => {
  const { address, port, user, hostKey, privateKey } = host;
  return configSchema.shape.pi.parse({ host: address, port, user, hostKey, privateKey });
};

/** Ids of the browsers that OpenClaw knows, and of those that wait for an approval. */
export async function devices({ host }: Stage): Promise<{ pending: string[]; paired: string[] }> {
  const { code, stdout, stderr } = await host.exec("openclaw devices list --json");
  expect(code === 0, `openclaw devices list failed: ${stderr}`);
  const lists = JSON.parse(stdout) as Record<string, { deviceId: string }[] | undefined>;
  const ids = (name: string) => (lists[name] ?? []).map(({ deviceId }) => deviceId);
  return { pending: ids("pending"), paired: ids("paired") };
}

/** A browser that stays known to an OpenClaw that may be somebody's own would be let in again. */
export async function forgetDevice({ host }: Stage, id: string): Promise<void> {
  expect(/^[0-9a-f]+$/.test(id), `the device has no id: ${id}`);
  const { code, stderr } = await host.exec(`openclaw devices remove ${id}`);
  expect(code === 0, `the rehearsal's browser stays known: openclaw devices remove ${id} said ${stderr}`);
}

/** Forgets the browsers that have come since. */
export async function forgetDevicesBut(known: readonly string[], stage: Stage): Promise<void> {
  const { paired } = await devices(stage);
  for (const id of paired.filter((device) => !known.includes(device))) await forgetDevice(stage, id);
}
