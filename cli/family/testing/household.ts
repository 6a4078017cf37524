import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { TestCloudflare } from "../../../rehearsal/cloudflare/testing/account.ts";
import { newKeyPair } from "../../../rehearsal/host/keys.ts";
import { quiet } from "../../../rehearsal/progress.ts";
import { startProviders } from "../../../rehearsal/providers/index.ts";
import { quoted } from "../../init/places.ts";
import { type Desk, namesLeadTo, newDesk } from "../../init/testing/desk.ts";

/** A desk with stacks of a family, whose Pis are gone for good: all that is built is in the local Cloudflare. */
export interface TestHousehold {
  readonly desk: Desk;
  /** Makes a stack as the set-up would leave it; `change` goes over its config. */
  add(name: string, change?: Record<string, unknown>, passphrase?: string): Promise<void>;
  /** Takes a stack that nothing is built of out of the family again. */
  drop(name: string): Promise<void>;
  /** Writes for the shell where a stack's state is, as the set-up does. */
  record(name: string, backend: string): Promise<void>;
  /** Sets more keys of a stack. */
  change(name: string, values: Record<string, unknown>): Promise<void>;
  /** The config of a stack. */
  file(name: string): string;
  /** Works with a stack's config changed, and puts it back. */
  withConfig<T>(name: string, change: (text: string) => string, work: () => Promise<T>): Promise<T>;
  /** `npm run family` with these stacks' providers. */
  family: Desk["family"];
  /** The provider plugins' processes, which all stacks share. */
  readonly pluginPids: readonly number[];
  close(): Promise<void>;
}

export async function openTestHousehold({ local, ca }: TestCloudflare): Promise<TestHousehold> {
  const desk = await newDesk(local.apiUrl);
  const providers = await startProviders({
    env: { CLOUDFLARE_BASE_URL: local.apiUrl, CLOUDFLARE_API_TOKEN: local.apiToken },
    progress: quiet,
  });
  const settings = join(desk.home, ".config/openclaw-gateway");
  const passphrase = join(settings, "test.passphrase");
  await mkdir(settings, { recursive: true, mode: 0o700 });
  await writeFile(passphrase, "test", { mode: 0o600 });
  const hostKey = newKeyPair("ed25519").public.split(" ").slice(0, 2).join(" ");
  const authority = join(desk.home, "ca.pem");
  await writeFile(authority, ca.certificate);
  const env = {
    ...providers.env,
    CLOUDFLARE_API_TOKEN: local.apiToken,
    ...namesLeadTo(local.edgeAddress),
    NODE_EXTRA_CA_CERTS: authority,
  };
  const record = async (name: string, backend: string, file = passphrase) => {
    const lines = { PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE_FILE: file };
    const exports = Object.entries(lines).map(([key, value]) => `export ${key}=${quoted(value)}\n`);
    await writeFile(join(settings, `${name}.env`), exports.join(""), { mode: 0o600 });
  };
  const fileOf = (name: string) => join(desk.project, `Pulumi.${name}.yaml`);
  return {
    desk,
    file: fileOf,
    async withConfig(name, change, work) {
      const text = await readFile(fileOf(name), "utf8");
      await writeFile(fileOf(name), change(text));
      try {
        return await work();
      } finally {
        await writeFile(fileOf(name), text);
      }
    },
    async add(name, change = {}, own) {
      const file = fileOf(name);
      await desk.pulumi(["stack", "init", name, "--no-select"], {
        PULUMI_CONFIG_PASSPHRASE: own ?? "test",
      });
      const config = {
        accountId: local.accountId,
        pi: { host: "192.0.2.1", hostKey, abandoned: true },
        access: { emails: [`${name}@example.com`] },
        ...change,
      };
      const keys = Object.entries(config).map(([key, value]) => [`openclaw-gateway:${key}`, value]);
      // JSON is YAML too (https://yaml.org/spec/1.2.2/#12-overview).
      await writeFile(
        file,
        `${await readFile(file, "utf8")}config: ${JSON.stringify(Object.fromEntries(keys))}\n`,
      );
      const ownFile = join(settings, `${name}.passphrase`);
      if (own !== undefined) await writeFile(ownFile, own, { mode: 0o600 });
      await record(name, desk.backend, own === undefined ? passphrase : ownFile);
    },
    async drop(name) {
      await desk.pulumi(["stack", "rm", name, "--yes"], { PULUMI_CONFIG_PASSPHRASE: "test" });
      await rm(join(settings, `${name}.env`));
    },
    record: (name, backend) => record(name, backend),
    async change(name, values) {
      const file = fileOf(name);
      const keys = Object.entries(values).map(([key, value]) => [`openclaw-gateway:${key}`, value]);
      const stored = parse(await readFile(file, "utf8")) as { config: Record<string, unknown> };
      Object.assign(stored.config, Object.fromEntries(keys));
      await writeFile(file, JSON.stringify(stored));
    },
    family: (args, options = {}) => desk.family(args, { ...options, env: { ...env, ...options.env } }),
    pluginPids: providers.pids,
    async close() {
      await providers.close();
      await desk.clear();
    },
  };
}
