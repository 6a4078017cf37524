import { stripVTControlCharacters } from "node:util";
import { spawn } from "@lydell/node-pty";

/** A command at a real pseudo-terminal, as a person meets it. */
export interface Terminal {
  /** Everything that was shown, without colours and cursor movements. */
  shown(): string;
  /**
   * Waits until a text is shown that was not there at the last answer.
   *
   * @throws with all that was shown, when the command ends or is silent for too long before
   */
  sees(text: string): Promise<void>;
  /** Types a line and Enter; without a text, Enter alone. */
  answers(text?: string): void;
  /** Presses keys: arrows, Ctrl-C. */
  presses(keys: string): void;
  /** Waits for the question, then answers it. */
  asked(question: string, answer?: string): Promise<void>;
  /** Waits for a list, then takes the choice that holds a text, by the arrow keys. */
  chooses(question: string, choice: string): Promise<void>;
  /** The exit code, once the command has ended. */
  ended(): Promise<number>;
}

export const keys = { down: "\u001b[B", ctrlC: "\u0003" };

const patienceMs = 60_000;
const keyPatienceMs = 5_000;

/** Starts a command at a terminal of 100 columns. */
export function atTerminal(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Terminal {
  const pty = spawn(process.execPath, [...args], { cwd, env, cols: 100, rows: 50, name: "xterm-256color" });
  let raw = "";
  let mark = 0;
  let exitCode: number | undefined;
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  pty.onData((data) => {
    raw += data;
    changed();
  });
  pty.onExit(({ exitCode: code }) => {
    exitCode = code;
    changed();
  });
  const shown = () => stripVTControlCharacters(raw);
  const until = <T>(what: string, found: () => T | undefined, withinMs = patienceMs): Promise<T> =>
    new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(late);
        watchers.delete(look);
        settle();
      };
      const late = setTimeout(
        () => done(() => reject(new Error(`${what} did not come; shown was:\n${shown()}`))),
        withinMs,
      );
      const look = () => {
        const result = found();
        if (result !== undefined) done(() => resolve(result));
        else if (exitCode !== undefined)
          done(() => reject(new Error(`it ended (${exitCode}) before ${what}; shown was:\n${shown()}`)));
      };
      watchers.add(look);
      look();
    });
  // From here on things count as new: what was shown before an answer is no reaction to it.
  const send = (text: string) => {
    mark = raw.length;
    pty.write(text);
  };
  const fresh = () => stripVTControlCharacters(raw.slice(mark)).replace(/\s+/g, " ");
  const sees = (text: string) =>
    until(JSON.stringify(text), () => (fresh().includes(text.replace(/\s+/g, " ")) ? true : undefined)).then(
      () => {},
    );
  /** On a busy machine a list may be drawn before it listens: a key that moved nothing is pressed again. */
  const pressUntilItMoves = async (key: string) => {
    const before = raw.length;
    const moved = () => (raw.slice(before).includes("❯") ? true : undefined);
    for (let press = 1; ; press++) {
      pty.write(key);
      try {
        return await until("the list to move", moved, keyPatienceMs);
      } catch (error) {
        if (press * keyPatienceMs >= patienceMs || exitCode !== undefined) throw error;
      }
    }
  };
  return {
    shown,
    sees,
    answers: (text = "") => send(`${text}\r`),
    presses: send,
    async asked(question, answer = "") {
      await sees(question);
      send(`${answer}\r`);
    },
    async chooses(question, choice) {
      await sees(question);
      // The cursor's line begins with the pointer; the list is drawn anew at each key. Only what came since the last
      // answer counts: a question may be shown a moment before its list, and the list before it has a pointer too.
      for (let step = 0; step < 10; step++) {
        const line = await until(
          "a list with a pointer",
          () => /❯ ([^\r\n]+)(?![\s\S]*❯)/.exec(stripVTControlCharacters(raw.slice(mark)))?.[1],
        );
        if (line.includes(choice)) return send("\r");
        await pressUntilItMoves(keys.down);
      }
      throw new Error(`there is no choice ${JSON.stringify(choice)}; shown was:\n${shown()}`);
    },
    ended: () => until("its end", () => exitCode),
  };
}
