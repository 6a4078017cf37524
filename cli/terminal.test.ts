import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { NotWalked, unlessNotWalked } from "../rehearsal/progress.ts";
import { terminalProgress, timeTable } from "./terminal.ts";

/** Standard error of a given kind, and what was written to it. */
function stream(isTTY: boolean) {
  let text = "";
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return {
    stream: Object.assign(sink, { isTTY, columns: 60 }) as unknown as NodeJS.WriteStream,
    text: () => text,
  };
}

describe("terminalProgress", () => {
  test("writes plain lines where there is no terminal: no colours, no moving line", async () => {
    const { stream: out, text } = stream(false);
    const { progress, results } = terminalProgress(out);
    await progress.step("outer", () => progress.step("inner", async () => {}));
    expect(text()).toMatch(/^… outer\n {2}… inner\n {2}✓ inner \d+\.\d s\n✓ outer \d+\.\d s\n$/);
    expect(results.map(({ name, ok }) => [name, ok])).toEqual([["outer", true]]);
  });

  test("marks a step that failed, and passes its error on", async () => {
    const { stream: out, text } = stream(false);
    const { progress, results } = terminalProgress(out);
    const failing = progress.step("breaks", () => Promise.reject(new Error("why")));
    await expect(failing).rejects.toThrow("why");
    expect(text()).toContain("✗ breaks");
    expect(results).toEqual([{ name: "breaks", ok: false, status: "failed", seconds: expect.any(Number) }]);
  });

  test("tells a step that could not be walked from one that is well and from one that failed", async () => {
    const { stream: out, text } = stream(false);
    const { progress, results } = terminalProgress(out);
    const refused = () => Promise.reject(new NotWalked("there is no edge"));
    await progress.step("needs the edge", refused).catch(unlessNotWalked);
    expect(text()).toContain("– needs the edge not walked: there is no edge");
    expect(results).toEqual([
      {
        name: "needs the edge",
        ok: false,
        status: "not walked",
        reason: "there is no edge",
        seconds: expect.any(Number),
      },
    ]);
  });

  test("moves one line on a terminal, within its width", async () => {
    const { stream: out, text } = stream(true);
    const { progress } = terminalProgress(out);
    await progress.step("long", async (detail) => {
      detail("x".repeat(200));
      await new Promise((resolve) => setTimeout(resolve, 150)); // a frame is drawn every 100 ms
    });
    const drawn = text().split("\r\u001b[2K").filter(Boolean);
    expect(drawn.length).toBeGreaterThan(1);
    for (const line of drawn) expect(line.trimEnd().length).toBeLessThan(60);
  });
});

test("timeTable lines the columns up and adds the times", () => {
  const table = timeTable([
    { name: "short", ok: true, status: "ok", seconds: 1.5 },
    { name: "a longer name", ok: false, status: "failed", seconds: 10 },
  ]);
  expect(table.split("\n")).toEqual([
    "step                   seconds",
    "short          ok          1.5",
    "a longer name  failed     10.0",
    "together                  11.5",
  ]);
});
