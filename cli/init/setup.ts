import type { z } from "zod";
import { Refusal } from "../../infra/refusal.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import type { Person } from "./person.ts";

/** The command line, as it was written. Secrets are never in it: files, standard input or the environment have them. */
export interface Options {
  readonly stack?: string;
  readonly backend?: string;
  readonly passphraseFile?: string;
  readonly apiTokenFile?: string;
  readonly apiTokenIn?: "stack" | "environment";
  readonly accountId?: string;
  readonly hostname?: string;
  readonly email?: readonly string[];
  readonly emailDomain?: readonly string[];
  readonly sessionDuration?: string;
  /** `NAME` or `NAME=HOURSh`. */
  readonly serviceToken?: readonly string[];
  readonly pi?: string;
  readonly hostKeyFingerprint?: string;
  readonly identity?: string;
  readonly agent?: boolean;
  readonly openclawPort?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What every question can use. */
export interface Setup {
  readonly options: Options;
  /** Nobody where there is no terminal, or with --yes: then flags and what the stack has are all there is. */
  readonly person: Person | undefined;
  readonly progress: Progress;
}

/** What a run without a person lacks, and how it can be given. */
export interface Missing {
  readonly flag: string;
  readonly what: string;
}

/** @throws Refusal that lists all that is missing */
export function refuseMissing(missing: readonly Missing[]): void {
  if (missing.length === 0) return;
  const width = Math.max(...missing.map(({ flag }) => flag.length));
  throw new Refusal(
    "ANSWERS_MISSING",
    `there is nobody to ask here, and ${missing.length === 1 ? "an answer is" : `${missing.length} answers are`} missing:`,
    `${missing.map(({ flag, what }) => `${flag.padEnd(width)}  ${what}`).join("\n  ")}\n\n  npm run init -- --help explains each; on a terminal npm run init asks.`,
  );
}

/**
 * Gets an answer that passes its check. A person hears what is wrong and is asked again; without one the first refusal
 * is the last word.
 *
 * @param given what a flag says, taken first
 * @param ask how a person is asked; not called where there is none
 * @param check turns the answer into what it stands for
 */
export async function accepted<A, R>(
  person: Person | undefined,
  given: A | undefined,
  ask: (person: Person) => Promise<A>,
  check: (answer: A) => Promise<R> | R,
): Promise<R> {
  let next = given;
  for (;;) {
    if (next === undefined && person === undefined) throw new Error("a question that nobody can answer");
    const answer = next ?? (await ask(person as Person));
    try {
      return await check(answer);
    } catch (error) {
      if (person === undefined || !isRefusal(error)) throw error;
      person.warn((error as Error).message);
      next = undefined;
    }
  }
}

/** Whether an error is about an answer, in words for a person: the program's own ones all carry a code. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  /^[A-Z][A-Z_]+$/.test((error as { code?: string }).code ?? "") &&
  !("errno" in error);

/** What a rule of the program's config says against a value; nothing when it can be taken. */
export function wrongBy(rule: z.ZodType, value: unknown): string | undefined {
  return rule.safeParse(value).error?.issues[0]?.message;
}

/**
 * @param flag which flag gives the value
 * @returns the value as the rule reads it
 * @throws Refusal with what is wanted
 */
export function refuseWrong<T extends z.ZodType>(rule: T, value: unknown, flag: string): z.output<T> {
  const wrong = wrongBy(rule, value);
  if (wrong)
    throw new Refusal("ANSWER_WRONG", `${flag} ${JSON.stringify(value)} cannot be taken; wanted: ${wrong}`);
  return rule.parse(value);
}
