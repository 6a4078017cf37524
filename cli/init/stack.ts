import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, checkConfig } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Backend } from "./backend.ts";
import { projectFolder } from "./places.ts";
import { accepted, type Setup } from "./setup.ts";

/** The stack to set up: a new one, or one that is changed. */
export interface StackChoice {
  readonly name: string;
  readonly exists: boolean;
  /** Its config, whether it is there already or not. */
  readonly file: string;
}

/** Asks for the stack's name. */
export async function chooseStack({ options, person }: Setup, backend: Backend): Promise<StackChoice> {
  person?.heading("Stack");
  person?.tell(
    "One stack is one assistant on one Pi, for one person or household. Its name becomes part of the address:\n" +
      "https://openclaw-NAME.….workers.dev" +
      (backend.stacks.length > 0 ? `\nThere are: ${backend.stacks.join(", ")}` : ""),
  );
  return accepted(
    person,
    options.stack,
    (asked) =>
      asked.text({ message: "Name of the stack", initial: backend.stacks[0] ?? "home", wrong: wrongName }),
    (name) => {
      const wrong = wrongName(name);
      if (wrong)
        throw new Refusal("STACK_NAME", `${JSON.stringify(name)} is no name for a stack; wanted: ${wrong}`);
      const exists = backend.stacks.includes(name);
      const file = join(projectFolder(), `Pulumi.${name}.yaml`);
      if (person && exists) person.tell("It is there already: what it has stands behind each question.");
      if (person && !exists && existsSync(file))
        person.tell(`Pulumi.${name}.yaml is there already; your answers replace what it says.`);
      return { name, exists, file };
    },
  );
}

/** The program's own rule for names (infra/config.ts). */
function wrongName(name: string): string | undefined {
  try {
    checkConfig(name, {});
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.find(({ key }) => key === "the stack's name")?.wanted;
  }
  return undefined;
}
