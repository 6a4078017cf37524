import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pulumi, PulumiCall } from "../../init/pulumi.ts";
import type { GatewayAnswer } from "../gateway.ts";
import type { OpenStack } from "../open-stack.ts";
import type { StateResource, Surroundings } from "../scene.ts";

/** A stack whose `pulumi` keeps a config and builds nothing, and whose gateway answers as it is told. */
export interface FakeStack {
  readonly stack: OpenStack;
  readonly around: Surroundings;
  /** Commands that were run, by their first word, and config calls by two. */
  readonly calls: string[];
  /** In clear, by full key. */
  config(): Promise<Record<string, unknown>>;
  now: Date;
  /** By what a request is signed in with. */
  answer: (secret: string, apiKey: string | undefined) => GatewayAnswer;
  /** What an up ends with. */
  onUp: () => Promise<void> | void;
  /** The secret of the service token `cli` that the stack has once a version is built: another one for each. */
  secret: (version: number) => string | undefined;
  /** The resources of its state. */
  resources: () => readonly Partial<StateResource>[] | Promise<readonly Partial<StateResource>[]>;
  remove(): Promise<void>;
}

/** A config, by full key, that has all it must have, and no more. */
export const leastConfig = {
  "openclaw-gateway:accountId": "0".repeat(32),
  "openclaw-gateway:pi": {
    host: "192.168.1.20",
    hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`,
  },
  "openclaw-gateway:access": { emails: ["you@example.com"] },
};

export const taken: GatewayAnswer = { status: 200, code: "", byWorker: true };
export const refusedByAccess: GatewayAnswer = { status: 401, code: "", byWorker: false };
export const wrongKey: GatewayAnswer = { status: 401, code: "API_KEY_WRONG", byWorker: true };

export async function fakeStack(own: Record<string, unknown>): Promise<FakeStack> {
  const folder = await mkdtemp(join(tmpdir(), "fake-stack-"));
  const file = join(folder, "Pulumi.home.yaml");
  const config = { "cloudflare:apiToken": "token", ...own };
  await writeFile(file, JSON.stringify(config));
  const fake = {
    calls: [] as string[],
    now: new Date("2030-01-01T00:00:00Z"),
    answer: (): GatewayAnswer => taken,
    onUp: () => {},
    secret: (version: number): string | undefined => `secret-${version}`,
    resources: (): ReturnType<FakeStack["resources"]> => [],
  };
  const version = async () => {
    const tokens = (await read(file))["openclaw-gateway:serviceTokens"] as { secretVersion?: number }[];
    return tokens?.length === 0 ? 0 : (tokens?.[0]?.secretVersion ?? 1);
  };
  let built = await version();
  const pulumi = async (args: readonly string[], { stdin = "" }: PulumiCall = {}): Promise<string> => {
    const named = args.indexOf("--config-file");
    const target = named < 0 ? file : (args[named + 1] as string);
    fake.calls.push(args.slice(0, args[0] === "config" && !args[1]?.startsWith("-") ? 2 : 1).join(" "));
    if (args[0] === "up") {
      await fake.onUp();
      built = await version();
      return "";
    }
    if (args[0] === "stack" && args[1] === "output")
      return JSON.stringify({
        url: "https://gateway.test",
        tunnelId: "tunnel-of-the-test",
        serviceTokens: built === 0 ? {} : { cli: { clientId: "id", clientSecret: made.secret(built) } },
      });
    if (args[0] === "stack") return JSON.stringify({ deployment: { resources: await made.resources() } });
    const now = await read(target);
    if (args[1] === "set-all") {
      const sent = JSON.parse(args[3] as string) as Record<string, { value: string; objectValue?: unknown }>;
      for (const [key, { value, objectValue }] of Object.entries(sent)) now[key] = objectValue ?? value;
    } else if (args[1] === "set" || args[1] === "rm") {
      const path = args.find((arg) => arg.includes(":")) as string;
      const [key = "", inner] = path.split(".");
      const value = args[1] === "set" ? stdin : undefined;
      now[key] = inner ? { ...(now[key] as object), [inner]: value } : value;
    } else {
      return JSON.stringify(
        Object.fromEntries(
          Object.entries(now).map(([name, value]) => [
            name,
            typeof value === "string" ? { value } : { value: JSON.stringify(value), objectValue: value },
          ]),
        ),
      );
    }
    await writeFile(target, JSON.stringify(now));
    return "";
  };
  const made: FakeStack = Object.assign(fake as unknown as FakeStack, {
    stack: { name: "home", file, pulumi: pulumi as unknown as Pulumi },
    config: () => read(file),
    remove: () => rm(folder, { recursive: true, force: true }),
    around: {
      progress: { step: (_name: string, work: (detail: () => void) => unknown) => work(() => {}) },
      now: () => made.now,
      ask: async (_url: string, _path: string, { clientSecret, apiKey }) => made.answer(clientSecret, apiKey),
      patienceMs: 0,
      signal: new AbortController().signal,
    } as Surroundings,
  });
  return made;
}

const read = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
