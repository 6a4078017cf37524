import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { openBoard } from "./board.ts";
import { untouched } from "./operation.ts";

function screen(isTTY: boolean) {
  let text = "";
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const stream = Object.assign(sink, { isTTY, columns: 40 }) as unknown as NodeJS.WriteStream;
  return { stream, text: () => text };
}

const esc = "\u001b";
const moves = new RegExp(`(${esc}\\[\\d+A|\\r?${esc}\\[J|\\n)`);

/** What stands on a terminal after all of it: `ESC[nA` goes up, `ESC[J` clears from there on. */
function shown(text: string): string[] {
  const lines = [""];
  for (const piece of text.split(moves)) {
    if (piece.startsWith(esc) && piece.endsWith("A")) lines.length -= Number.parseInt(piece.slice(2), 10);
    else if (piece.endsWith(`${esc}[J`)) lines[lines.length - 1] = "";
    else if (piece === "\n") lines.push("");
    else lines[lines.length - 1] += stripVTControlCharacters(piece);
  }
  return lines.filter(Boolean);
}

test("on a terminal each stack that runs has one line, which stays within its width, below those that have ended", () => {
  const { stream, text } = screen(true);
  const board = openBoard(3, stream);
  board.started("mia");
  board.started("ben");
  board.step("ben", `creating ben-${"x".repeat(100)}`);
  board.ended(untouched("mia", "failed", "SSH_REFUSED: no\nroute"));
  const [ended, running, sum, ...more] = shown(text());
  expect(ended).toMatch(/^✗ mia failed: SSH_REFUSED: no 0\.0 s$/);
  expect(running).toMatch(/^. ben 0 s creating ben-x+$/);
  expect(running).toHaveLength(39);
  expect([sum, more]).toEqual(["1 of 3 have ended", []]);
  board.ended(untouched("ben", "ok"));
  board.close();
  expect(shown(text())).toEqual([ended, "✓ ben ok 0.0 s"]);
});

test("elsewhere it writes a plain line for each step, and none twice", () => {
  const { stream, text } = screen(false);
  const board = openBoard(1, stream);
  board.started("mia");
  for (const words of ["creating mia-script", "creating mia-script", "creating mia-app"])
    board.step("mia", words);
  board.ended(untouched("mia", "interrupted"));
  board.close();
  expect(text()).toBe(
    "… mia\n… mia: creating mia-script\n… mia: creating mia-app\n– mia interrupted 0.0 s\n",
  );
});
