import { Refusal } from "../../infra/refusal.ts";

/** Alone where OpenClaw has one provider, else `model-key:PROVIDER`. */
export const modelKey = "model-key";

export const isModelKey = (target: string): boolean => target.split(":")[0] === modelKey;

const variable = "MODEL_KEY";

/**
 * The new key of a model provider, which only the provider gives out: from the environment, from standard input, or typed
 * at a terminal that does not show it; never from an argument, which everyone on the machine can read.
 *
 * @throws Refusal where there is none, or what came is no key
 */
export async function newModelKey(): Promise<string> {
  const inEnvironment = process.env[variable];
  // Nobody else's business: the engine and its plugins have this process's environment.
  delete process.env[variable];
  return wellFormed((inEnvironment ?? (await given())).trim());
}

async function given(): Promise<string> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const { personAtTerminal } = await import("../init/person.ts");
    return personAtTerminal().secret("The provider's new key (paste it; it is not shown)");
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** @throws Refusal for what a header cannot carry, and for what OpenClaw would take for a sign that it is elsewhere */
export function wellFormed(key: string): string {
  const refuse = (what: string) =>
    new Refusal(
      "MODEL_KEY_FORMAT",
      what,
      `give it on standard input: npm run --silent rotate -- --stack STACK model-key < FILE, or in the variable ${variable}`,
    );
  if (key === "") throw refuse("no new key came: the provider gives it out, in its console");
  if (!/^[\x21-\x7e]{8,4096}$/.test(key))
    throw refuse(
      `this is no key: it has ${key.length} characters, and one has 8 to 4096 printable ones without a space, on one line`,
    );
  if (/["'\\$]|^__OPENCLAW_|^(?:oauth:|secretref-)|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(key))
    throw refuse(
      "this is no key: OpenClaw would take it for the name of a variable, or for a sign of its own",
    );
  return key;
}
