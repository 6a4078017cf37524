import { styled } from "../terminal.ts";
import type { Result } from "./operation.ts";

/** Where many stacks' progress is told. */
export interface Board {
  started(stack: string): void;
  step(stack: string, words: string): void;
  ended(result: Result): void;
  close(): void;
}

const MARKS: Readonly<Record<Result["status"], readonly ["green" | "red" | "yellow", string]>> = {
  ok: ["green", "✓"],
  failed: ["red", "✗"],
  interrupted: ["yellow", "–"],
  "not started": ["yellow", "–"],
};
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const drawMs = 100;

interface Running {
  readonly since: number;
  words: string;
}

/**
 * Opens a board on a stream: on a terminal one line for each stack that runs, above them those that have ended; elsewhere
 * a line for each step.
 *
 * @param total how many stacks there are in all
 */
export function openBoard(total: number, stream: NodeJS.WriteStream = process.stderr): Board {
  return stream.isTTY ? new LiveBoard(total, stream) : new PlainBoard(stream);
}

const endLine = ({ stack, status, seconds, failure }: Result, stream: NodeJS.WriteStream): string => {
  const [style, mark] = MARKS[status];
  const why = status === "failed" ? `: ${failure?.split("\n")[0]}` : "";
  return `${styled(style, mark, stream)} ${stack} ${status}${why} ${styled("dim", `${seconds.toFixed(1)} s`, stream)}\n`;
};

class PlainBoard implements Board {
  readonly #stream: NodeJS.WriteStream;
  readonly #said = new Map<string, string>();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  started(stack: string): void {
    this.#stream.write(`… ${stack}\n`);
  }

  step(stack: string, words: string): void {
    if (this.#said.get(stack) === words) return;
    this.#said.set(stack, words);
    this.#stream.write(`… ${stack}: ${words}\n`);
  }

  ended(result: Result): void {
    this.#stream.write(endLine(result, this.#stream));
  }

  close(): void {}
}

class LiveBoard implements Board {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  readonly #running = new Map<string, Running>();
  readonly #timer: NodeJS.Timeout;
  #ended = 0;
  #drawn = 0;
  #frame = 0;

  constructor(total: number, stream: NodeJS.WriteStream) {
    this.#total = total;
    this.#stream = stream;
    this.#timer = setInterval(() => this.#draw(), drawMs);
    this.#timer.unref();
  }

  started(stack: string): void {
    this.#running.set(stack, { since: performance.now(), words: "" });
    this.#draw();
  }

  step(stack: string, words: string): void {
    const running = this.#running.get(stack);
    if (running) running.words = words;
  }

  ended(result: Result): void {
    this.#running.delete(result.stack);
    this.#ended += 1;
    this.#draw(endLine(result, this.#stream));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#running.clear();
    this.#draw();
  }

  /** @param above a line that stays */
  #draw(above = ""): void {
    this.#frame += 1;
    const lines = [...this.#running].map(
      ([stack, { since, words }]) =>
        `${FRAMES[this.#frame % FRAMES.length]} ${stack} ${Math.round((performance.now() - since) / 1000)} s ${words}`,
    );
    if (lines.length > 0 && this.#total > 1) lines.push(`${this.#ended} of ${this.#total} have ended`);
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    const body = lines.map((line) => `${line.replaceAll("\n", " ").slice(0, width)}\n`).join("");
    const back = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : "";
    this.#stream.write(`${back}\r\u001b[J${above}${body}`);
    this.#drawn = lines.length;
  }
}
