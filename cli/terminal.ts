import { styleText } from "node:util";
import { NotWalked, type Progress } from "../rehearsal/progress.ts";

/** One finished step of a run. */
export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  /** "not walked": it could not be tried here, and `reason` says why. Then `ok` is false, and nothing is wrong. */
  readonly status: StepStatus;
  readonly seconds: number;
  readonly reason?: string;
}

export type StepStatus = "ok" | "failed" | "not walked";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** Without a terminal a long step says that it lives once in a while, in ms. */
const signOfLifeMs = 15_000;

type Style = Parameters<typeof styleText>[0];

const marks: Readonly<Record<StepStatus, readonly [Style, string]>> = {
  ok: ["green", "✓"],
  failed: ["red", "✗"],
  "not walked": ["yellow", "–"],
};

/** Colours only on a terminal, and not with NO_COLOR (https://no-color.org): styleText looks for both. */
export const styled = (style: Style, text: string, stream: NodeJS.WriteStream): string =>
  styleText(style, text, { stream });

/**
 * Progress on standard error: a moving line on a terminal, plain lines elsewhere. Steps may nest; the innermost moves.
 *
 * @returns the progress and the outermost steps that have ended, in order
 */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): {
  progress: Progress;
  results: readonly StepResult[];
} {
  const results: StepResult[] = [];
  let depth = 0;
  const progress: Progress = {
    async step(name, work) {
      const line = new StepLine(stream, name, depth);
      depth += 1;
      const end = (status: StepStatus, reason?: string) => {
        line.end(status, reason);
        if (depth > 1) return;
        results.push({ name, ok: status === "ok", status, seconds: line.seconds, ...(reason && { reason }) });
      };
      try {
        const result = await work((text) => line.detail(text));
        end("ok");
        return result;
      } catch (error) {
        if (error instanceof NotWalked) end("not walked", error.message);
        else end("failed");
        throw error;
      } finally {
        depth -= 1;
      }
    },
  };
  return { progress, results };
}

class StepLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #name: string;
  readonly #indent: string;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #detail = "";
  #frame = 0;

  constructor(stream: NodeJS.WriteStream, name: string, depth: number) {
    this.#stream = stream;
    this.#name = name;
    this.#indent = "  ".repeat(depth);
    if (stream.isTTY) {
      this.#draw();
      this.#timer = setInterval(() => this.#draw(), 100);
    } else {
      stream.write(`${this.#indent}… ${name}\n`);
      this.#timer = setInterval(
        () =>
          stream.write(`${this.#indent}… ${name}: ${this.#detail || "still at it"} (${this.#elapsed()})\n`),
        signOfLifeMs,
      );
    }
    this.#timer.unref();
  }

  get seconds(): number {
    return Math.round((performance.now() - this.#started) / 100) / 10;
  }

  detail(text: string): void {
    this.#detail = text.replaceAll("\n", " ");
  }

  end(status: StepStatus, reason?: string): void {
    clearInterval(this.#timer);
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[2K");
    const [style, sign] = marks[status];
    const behind = reason === undefined ? this.#elapsed() : `${status}: ${reason}`;
    this.#stream.write(
      `${this.#indent}${styled(style, sign, this.#stream)} ${this.#name} ${styled("dim", behind, this.#stream)}\n`,
    );
  }

  #elapsed(): string {
    return `${this.seconds.toFixed(1)} s`;
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % frames.length;
    const text = `${this.#indent}${frames[this.#frame]} ${this.#name} ${this.#elapsed()}${this.#detail ? ` ${this.#detail}` : ""}`;
    this.#stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))}`);
  }
}

/** The steps and their times as a table, the sum below. */
export function timeTable(results: readonly StepResult[]): string {
  const rows = results.map(({ name, status, seconds }) => [name, status, seconds.toFixed(1)]);
  const total = results.reduce((sum, { seconds }) => sum + seconds, 0);
  const all = [["step", "", "seconds"], ...rows, ["together", "", total.toFixed(1)]];
  const width = (column: number) => Math.max(...all.map((row) => (row[column] ?? "").length));
  return all
    .map(
      ([name = "", state = "", seconds = ""]) =>
        `${name.padEnd(width(0))}  ${state.padEnd(width(1))}  ${seconds.padStart(width(2))}`,
    )
    .join("\n");
}
