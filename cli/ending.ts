import { readFileSync } from "node:fs";
import { Refusal } from "../infra/refusal.ts";
import { Interrupted } from "./interruption.ts";
import { styled } from "./terminal.ts";

/**
 * npm runs its scripts in the project's folder; anyone else may be anywhere.
 *
 * @param command as it is typed
 * @throws Refusal when this is not the project's folder
 */
export function requireProject(command: string): void {
  let text = "";
  try {
    text = readFileSync("Pulumi.yaml", "utf8");
  } catch {
    // said below
  }
  if (!/^name: openclaw-gateway$/m.test(text))
    throw new Refusal(
      "NOT_THE_PROJECT",
      `${process.cwd()} is not the folder of openclaw-gateway: its Pulumi.yaml is not here`,
      `change into the folder that you cloned, then: ${command}`,
    );
}

/**
 * Says why a command ended early, and ends: open connections and half-read prompts are let go of.
 *
 * @param interrupted what to say after Ctrl-C; else what the error says of it
 */
export function endWith(
  error: Error,
  { json = false, interrupted = error.message }: { json?: boolean; interrupted?: string },
): never {
  const wasInterrupted = error instanceof Interrupted;
  const code = (error as { code?: string }).code ?? "UNEXPECTED";
  const words = wasInterrupted ? interrupted : error.message;
  process.stderr.write(`${styled(wasInterrupted ? "yellow" : "red", words, process.stderr)}\n`);
  if (json)
    process.stdout.write(
      `${JSON.stringify({ ok: false, error: { code: wasInterrupted ? "INTERRUPTED" : code, message: words } }, null, 2)}\n`,
    );
  process.exit(wasInterrupted ? 130 : 1);
}
