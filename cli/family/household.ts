import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Refusal } from "../../infra/refusal.ts";
import { currentBackend, sameBackend } from "../init/current-backend.ts";
import { projectFolder, settingsFolder } from "../init/places.ts";
import type { Pulumi } from "../init/pulumi.ts";
import { parseShellFile } from "../init/shell-file.ts";
import { openedBy } from "./passphrases.ts";

/** A stack of the project, with where its state is and what opens its secrets. */
export interface StackOfFamily {
  readonly name: string;
  /** As Pulumi's `--stack` takes it: in an organisation that is not the person's default one it is `ORG/NAME`. */
  readonly ref: string;
  /** As PULUMI_BACKEND_URL has it. */
  readonly backend: string;
  /** For the engine: PULUMI_BACKEND_URL, and the passphrase's file where the set-up has recorded one. */
  readonly env: Readonly<Record<string, string>>;
  /** The stack's config. */
  readonly file: string;
}

/**
 * All stacks of the project, at least one: in every backend that `npm run init` has recorded for one of them, and in the one where
 * Pulumi is logged in now. The record of a stack wins over this shell's own variables, which may be another stack's.
 *
 * @throws Refusal where there is none, one name stands for two stacks, or a backend cannot be read
 */
export async function household(pulumi: Pulumi): Promise<StackOfFamily[]> {
  const { stacks, backends } = await householdOrNone(pulumi);
  if (stacks.length === 0) throw noStacks(backends);
  return stacks;
}

/** The same, where there may be none yet; and the backends that were looked at. */
export async function householdOrNone(
  pulumi: Pulumi,
): Promise<{ stacks: StackOfFamily[]; backends: string[] }> {
  const recorded = await recordedSettings();
  const current = await currentBackend(pulumi);
  const urls = [...[...recorded.values()].map((env) => env.PULUMI_BACKEND_URL), current];
  // The first spelling of each stands for all of them.
  const backends = new Map(
    urls.flatMap((url) => (url ? [[sameBackend(url), url] as const] : [])).toReversed(),
  );
  const lists = await Promise.all([...backends.values()].map((url) => stacksIn(url, recorded, pulumi)));
  const stacks = lists.flat();
  const twice = stacks.find(({ name }, index) => stacks.findIndex((one) => one.name === name) !== index);
  if (twice) throw twoOfOneName(stacks.filter(({ name }) => name === twice.name));
  return {
    stacks: stacks.toSorted((a, b) => a.name.localeCompare(b.name)),
    backends: [...backends.values()],
  };
}

/** The family's stacks of these names, in their order; all of them where none is named. */
export function chosen(all: readonly StackOfFamily[], names: readonly string[]): StackOfFamily[] {
  if (names.length === 0) return [...all];
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Refusal(
      "STACK_UNKNOWN",
      `there is no stack ${unknown.join(", nor ")}; there ${all.length === 0 ? "are none" : `${all.length === 1 ? "is" : "are"} ${all.map(({ name }) => name).join(", ")}`}`,
      `set it up: npm run family -- add ${unknown[0]}`,
    );
  return [...new Set(names)].flatMap((name) => all.filter((one) => one.name === name));
}

type Settings = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** What the set-up has recorded for each stack it wrote. */
async function recordedSettings(): Promise<Settings> {
  const folder = settingsFolder();
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith(".env"));
  const entries = files.map(
    async (file) =>
      [basename(file, ".env"), parseShellFile(await readFile(join(folder, file), "utf8"))] as const,
  );
  return new Map(await Promise.all(entries));
}

async function stacksIn(backend: string, recorded: Settings, pulumi: Pulumi): Promise<StackOfFamily[]> {
  const list = await pulumi
    .with({ PULUMI_BACKEND_URL: backend })(["stack", "ls", "--json"])
    .catch((error: Error) => {
      throw new Refusal(
        "BACKEND_UNUSABLE",
        `the backend ${backend} cannot be used: ${error.message}`,
        "npx pulumi login again, or set what its credentials are; then the same command",
      );
    });
  const stacks = (JSON.parse(list) as { name: string }[]).map(async ({ name: ref }) => {
    const name = ref.split("/").at(-1) ?? ref;
    const own = recorded.get(name);
    const isOwn =
      own?.PULUMI_BACKEND_URL !== undefined && sameBackend(own.PULUMI_BACKEND_URL) === sameBackend(backend);
    const env = own && isOwn ? await openedBy(own) : {};
    return {
      name,
      ref,
      backend,
      env: { ...env, PULUMI_BACKEND_URL: backend },
      file: join(projectFolder(), `Pulumi.${name}.yaml`),
    };
  });
  return Promise.all(stacks);
}

const noStacks = (backends: readonly string[]): Refusal =>
  new Refusal(
    "STACKS_NONE",
    backends.length > 0
      ? `there is no stack of this project in ${backends.join(", nor in ")}`
      : "there is no stack: none was set up here, and Pulumi is not logged in anywhere",
    "set the first one up: npm run family -- add NAME; if there are some elsewhere, log in there: npx pulumi login URL",
  );

const twoOfOneName = (stacks: readonly StackOfFamily[]): Refusal =>
  new Refusal(
    "STACK_TWICE",
    `there are two stacks ${stacks[0]?.name}, in ${stacks.map(({ backend, name, ref }) => (ref === name ? backend : `${backend} as ${ref}`)).join(" and in ")}: they would take the same names in the account`,
    `rename or remove one of them: PULUMI_BACKEND_URL=${stacks[1]?.backend} npx pulumi stack rename NAME --stack ${stacks[1]?.ref}`,
  );
