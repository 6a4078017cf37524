import { spawnSync } from "node:child_process";
import { confirm, input, password, select } from "@inquirer/prompts";
import { Interrupted } from "../interruption.ts";
import { styled } from "../terminal.ts";

/** A question with a line of text as its answer. */
export interface TextQuestion {
  readonly message: string;
  /** What Enter alone means. */
  readonly initial?: string;
  /** What is wrong with an answer, in words; nothing when it can be taken. */
  readonly wrong?: (answer: string) => string | undefined;
}

export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  readonly description?: string;
}

/** Whoever sits at the terminal. Every question ends with an answer or with {@link Interrupted}. */
export interface Person {
  /** Shows a paragraph. */
  tell(text: string): void;
  /** Shows what went wrong; the question comes again. */
  warn(text: string): void;
  heading(text: string): void;
  text(question: TextQuestion): Promise<string>;
  /** Shows nothing of what is typed or pasted. */
  secret(message: string): Promise<string>;
  choose<T>(question: { message: string; choices: readonly Choice<T>[]; initial?: T }): Promise<T>;
  agree(message: string, initial?: boolean): Promise<boolean>;
}

/**
 * The person at this process's terminal. All of it goes to standard error: standard output is for the result.
 *
 * From now on the terminal itself shows nothing of what is typed: each question draws its own answer, and a secret that is
 * pasted a moment before its question would else stand on the screen. At its end, also by a signal, Node puts the
 * terminal back as it found it.
 */
export function personAtTerminal(): Person {
  spawnSync("stty", ["-echo"], { stdio: ["inherit", "ignore", "ignore"] });
  const stream = process.stderr;
  const context = { output: stream };
  const write = (text: string) => stream.write(`${text}\n`);
  return {
    tell: write,
    warn: (text) => write(styled("yellow", text, stream)),
    heading: (text) => write(`\n${styled("bold", text, stream)}`),
    text: async ({ message, initial, wrong }) => {
      const validate = (answer: string) => wrong?.(answer.trim()) ?? true;
      return (await answered(input({ message, default: initial, validate }, context))).trim();
    },
    secret: async (message) => (await answered(password({ message, toggleMask: false }, context))).trim(),
    choose: ({ message, choices, initial }) =>
      answered(select({ message, choices, default: initial, loop: false }, context)),
    agree: (message, initial = true) => answered(confirm({ message, default: initial }, context)),
  };
}

/** Inquirer ends a question with an error of its own at Ctrl-C (its README, "Handling ctrl+c gracefully"). */
function answered<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: Error) => {
    throw error.name === "ExitPromptError" ? new Interrupted() : error;
  });
}
