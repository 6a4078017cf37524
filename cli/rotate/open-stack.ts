import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { namespace } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { expanded, passphrasePath, projectFolder, quoted, shellFilePath } from "../init/places.ts";
import { type Pulumi, pulumiOf } from "../init/pulumi.ts";
import { parseShellFile } from "../init/shell-file.ts";

/** A stack of this project, opened by its name as `npm run init` has left it. */
export interface OpenStack {
  readonly name: string;
  /** As `--stack` takes it: NAME, or ORG/NAME. */
  readonly ref: string;
  /** Its config. */
  readonly file: string;
  readonly pulumi: Pulumi;
}

/** What may be said otherwise than the set-up has written it. */
export interface StackPlace {
  readonly backend?: string | undefined;
  readonly passphraseFile?: string | undefined;
}

/**
 * Opens a stack: backend and passphrase by flags, else by the shell file of its set-up, else by the environment and
 * where Pulumi is logged in.
 *
 * @throws Refusal where it is not there, or its passphrase cannot be read
 */
export async function openStack(engine: Engine, ref: string, place: StackPlace = {}): Promise<OpenStack> {
  const name = ref.split("/").at(-1) ?? ref;
  const folder = projectFolder();
  const file = join(folder, `Pulumi.${name}.yaml`);
  const env = { ...engineEnv(engine), ...stackEnv(name, place) };
  const pulumi = pulumiOf(engine, folder, env);
  if (!existsSync(file))
    throw new Refusal(
      "STACK_FILE",
      `there is no Pulumi.${name}.yaml in ${folder}`,
      `set the stack up: npm run init -- --stack ${quoted(name)}; or put its file back, from git or a backup`,
    );
  return { name, ref, file, pulumi };
}

/** For `pulumi up` of this program: the language host, where the engine has none of its own. */
const engineEnv = ({ languageHost }: Engine): Record<string, string> =>
  languageHost ? { PATH: [languageHost, process.env.PATH].filter(Boolean).join(delimiter) } : {};

function stackEnv(name: string, { backend, passphraseFile }: StackPlace): Record<string, string> {
  const shell = shellFile(name);
  const url = backend ?? shell.PULUMI_BACKEND_URL;
  const named = passphraseFile ?? shell.PULUMI_CONFIG_PASSPHRASE_FILE;
  const known = named ?? (existsSync(passphrasePath(name)) ? passphrasePath(name) : undefined);
  return {
    ...(url !== undefined && { PULUMI_BACKEND_URL: url }),
    ...(known !== undefined && passphraseIn(expanded(known))),
  };
}

function passphraseIn(file: string): Record<string, string> {
  try {
    // Pulumi trims what it reads from the file in the same way.
    const value = readFileSync(file, "utf8").trim();
    return { PULUMI_CONFIG_PASSPHRASE: value, PULUMI_CONFIG_PASSPHRASE_FILE: "" };
  } catch (error) {
    throw new Refusal(
      "PASSPHRASE_FILE",
      `the passphrase file ${file} cannot be read: ${(error as Error).message}`,
      "name the file that has it: --passphrase-file FILE, or set PULUMI_CONFIG_PASSPHRASE",
    );
  }
}

/** What the set-up has written for a shell; nothing for a stack that was made without it. */
function shellFile(name: string): Record<string, string> {
  try {
    return parseShellFile(readFileSync(shellFilePath(name), "utf8"));
  } catch {
    return {};
  }
}

/** As `pulumi config --json` gives a value. */
interface Value {
  readonly value?: string;
  readonly objectValue?: unknown;
}

/** A stack's config, secrets in clear: below the project's namespace, and all else by its full key. */
export interface StackConfig {
  readonly own: Readonly<Record<string, unknown>>;
  readonly other: Readonly<Record<string, unknown>>;
}

/** @param file another file than the stack's own */
export async function readStackConfig({ ref, pulumi }: OpenStack, file?: string): Promise<StackConfig> {
  const from = file === undefined ? [] : ["--config-file", file];
  const text = await pulumi(["config", "--stack", ref, "--show-secrets", "--json", ...from]);
  const values = Object.entries(JSON.parse(text) as Record<string, Value>).map(
    ([key, { value, objectValue }]) => [key, objectValue ?? value] as const,
  );
  const ours = (key: string) => key.startsWith(`${namespace}:`);
  return {
    own: Object.fromEntries(
      values
        .filter(([key]) => ours(key))
        .map(([key, value]) => [key.slice(namespace.length + 1), value] as const)
        // Pulumi.yaml's own defaults: an empty text or object means that nothing is set.
        .filter(([, value]) => value !== "" && JSON.stringify(value) !== "{}"),
    ),
    other: Object.fromEntries(values.filter(([key]) => !ours(key))),
  };
}
