import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../infra/refusal.ts";
import type { Backend } from "./backend.ts";
import { expanded, isInProject, passphrasePath, quoted } from "./places.ts";
import type { Pulumi } from "./pulumi.ts";
import { accepted, type Setup } from "./setup.ts";
import type { StackChoice } from "./stack.ts";

/** What opens the stack's secrets. */
export interface Passphrase {
  readonly value: string;
  /** The file that holds it, or shall hold it. */
  readonly file?: string;
  /** It has to be written still. */
  readonly isNew: boolean;
}

/**
 * The passphrase of a stack whose secrets are encrypted with one; none with Pulumi Cloud, which keeps the key itself.
 * It comes from a file, from PULUMI_CONFIG_PASSPHRASE or a person's keys, or is made for a new stack.
 *
 * @returns also the `pulumi` that has it
 */
export async function choosePassphrase(
  { options, person }: Setup,
  backend: Backend,
  stack: StackChoice,
  pulumi: Pulumi,
): Promise<{ passphrase: Passphrase | undefined; pulumi: Pulumi }> {
  if (backend.isService) return { passphrase: undefined, pulumi };
  const home = passphrasePath(stack.name);
  const named = options.passphraseFile ?? process.env.PULUMI_CONFIG_PASSPHRASE_FILE;
  const typed = process.env.PULUMI_CONFIG_PASSPHRASE;
  const given = named
    ? () => fromFile(expanded(named), stack)
    : typed !== undefined
      ? async () => ({ value: typed, isNew: false })
      : (await exists(home))
        ? () => fromFile(home, stack)
        : person
          ? undefined
          : () => fromFile(home, stack);
  person?.heading("Passphrase");
  person?.tell(
    "A passphrase encrypts the secrets in the state and in the stack's file. Pulumi asks for it at every command. If it\n" +
      "is lost, nobody can read them again: the stack then has to be taken down by hand and set up anew.",
  );
  return accepted(
    person,
    given,
    async (asked) => {
      const way = await asked.choose({
        message: stack.exists ? "Where is the stack's passphrase?" : "Which passphrase?",
        choices: [
          ...(stack.exists
            ? [{ value: "file", name: "In a file" }]
            : [
                {
                  value: "made",
                  name: `A new one, kept in ${home}`,
                  description: "Readable by you alone. Put a copy into your password manager.",
                },
              ]),
          { value: "typed", name: "I type it", description: "It is kept nowhere: Pulumi will ask for it." },
        ],
      });
      if (way === "made") return () => fromFile(home, stack);
      if (way === "typed")
        return typedBy(await asked.secret("Passphrase"), () => asked.secret("Once more"), stack);
      const file = expanded(await asked.text({ message: "File with the passphrase", initial: home }));
      return () => fromFile(file, stack);
    },
    async (read) => {
      const passphrase = await read();
      const opened = pulumi.with({
        PULUMI_CONFIG_PASSPHRASE: passphrase.value,
        PULUMI_CONFIG_PASSPHRASE_FILE: "",
      });
      if (stack.exists) await open(opened, stack);
      return { passphrase, pulumi: opened };
    },
  );
}

function typedBy(value: string, repeat: () => Promise<string>, stack: StackChoice) {
  return async (): Promise<Passphrase> => {
    if (value === "") throw new Refusal("PASSPHRASE_REFUSED", "an empty passphrase protects nothing");
    if (!stack.exists && (await repeat()) !== value)
      throw new Refusal("PASSPHRASE_REFUSED", "that was not the same passphrase twice");
    return { value, isNew: false };
  };
}

/** The passphrase in a file; a new one for it when a new stack names a file that is not there yet. */
async function fromFile(file: string, stack: StackChoice): Promise<Passphrase> {
  if (isInProject(file))
    throw new Refusal(
      "PASSPHRASE_FILE",
      `the passphrase file ${file} is inside the project, where git would take it along`,
      `choose one outside, such as ${passphrasePath(stack.name)}`,
    );
  if (!(await exists(file))) {
    if (stack.exists)
      throw new Refusal(
        "PASSPHRASE_FILE",
        `the stack ${stack.name} has a passphrase already, and there is no file ${file}`,
        "name the file that has it: --passphrase-file FILE, or set PULUMI_CONFIG_PASSPHRASE",
      );
    // 24 bytes: more than its key, which is made of it by PBKDF2, can be attacked by.
    return { value: randomBytes(24).toString("base64url"), file, isNew: true };
  }
  const { mode } = await stat(file);
  if (mode & 0o077)
    throw new Refusal(
      "PASSPHRASE_FILE",
      `others on this machine may read ${file}`,
      `chmod 600 ${quoted(file)}`,
    );
  // Pulumi trims what it reads from the file in the same way.
  const value = (await readFile(file, "utf8")).trim();
  if (value === "") throw new Refusal("PASSPHRASE_FILE", `the passphrase file ${file} is empty`);
  return { value, file, isNew: false };
}

/**
 * Tries the passphrase on the check value in the stack's file. Pulumi looks at that only when there is something to
 * decrypt or to encrypt, so it encrypts a word into a copy.
 */
async function open(pulumi: Pulumi, { name, file }: StackChoice): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-"));
  const copy = join(folder, "copy.yaml");
  try {
    await copyFile(file, copy).catch((error: Error) => {
      throw new Refusal(
        "STACK_FILE",
        `the stack ${name} is there, but its file is not: ${error.message}`,
        "put the file back, from git or a backup: it holds the config, and what the passphrase is checked by",
      );
    });
    await pulumi(["config", "set", "--secret", "--stack", name, "--config-file", copy, "check"], {
      stdin: "x",
    });
  } catch (error) {
    if (!(error as Error).message.includes("incorrect passphrase")) throw error;
    throw new Refusal(
      "PASSPHRASE_WRONG",
      `this is not the passphrase of the stack ${name}`,
      "it is set with --passphrase-file FILE, PULUMI_CONFIG_PASSPHRASE_FILE or PULUMI_CONFIG_PASSPHRASE",
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
