import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KeepAlive, SILENCE_MS } from "./keep-alive.ts";

const COMMENT = ": keep-alive\n\n";
let written = "";
let keepAlive: KeepAlive;
const writer = {
  write: (piece: Uint8Array) => {
    written += new TextDecoder().decode(piece);
    return Promise.resolve();
  },
} as WritableStreamDefaultWriter<Uint8Array>;

beforeEach(() => {
  vi.useFakeTimers();
  written = "";
  keepAlive = new KeepAlive(writer);
});
afterEach(() => {
  keepAlive.stop();
  vi.useRealTimers();
});
function send(text: string) {
  keepAlive.hold(new TextEncoder().encode(text));
  written += text;
  keepAlive.release();
}

describe("a silence of an event stream", () => {
  it("is filled every 15 seconds, from the beginning on", () => {
    vi.advanceTimersByTime(SILENCE_MS - 1);
    expect(written).toBe("");
    vi.advanceTimersByTime(1);
    expect(written).toBe(COMMENT);
    vi.advanceTimersByTime(2 * SILENCE_MS);
    expect(written).toBe(COMMENT.repeat(3));
  });

  it("begins with the last event", () => {
    for (let second = 0; second < 60; second += 10) {
      send("data: x\n\n");
      vi.advanceTimersByTime(10_000);
    }
    expect(written).not.toContain(COMMENT);
    vi.advanceTimersByTime(5_000);
    expect(written.endsWith(`\n\n${COMMENT}`)).toBe(true);
  });

  it.each(["\n\n", "\r\n\r\n", "\r\r", "\n\r\n"])("is filled after %j", (end) => {
    send(`data: x${end}`);
    vi.advanceTimersByTime(SILENCE_MS);
    expect(written).toBe(`data: x${end}${COMMENT}`);
  });

  it.each(["data: x", "data: x\n", "data: x\r", "data: x\r\n", "\n\ndata: x\r\n", "data: \n\n "])(
    "is not filled within an event: %j",
    (text) => {
      send(text);
      vi.advanceTimersByTime(10 * SILENCE_MS);
      expect(written).toBe(text);
      send("\n\n");
      vi.advanceTimersByTime(2 * SILENCE_MS);
      expect(written).toContain(COMMENT);
    },
  );

  it("is none while the client has not taken what was sent", () => {
    keepAlive.hold(new TextEncoder().encode("data: x\n\n"));
    vi.advanceTimersByTime(10 * SILENCE_MS);
    expect(written).toBe("");
  });

  it("is over with the stream", () => {
    keepAlive.stop();
    vi.advanceTimersByTime(10 * SILENCE_MS);
    expect(written).toBe("");
  });

  it("changes no event, wherever the stream is cut and however long it is silent", () => {
    const text = fc.string({ unit: fc.constantFrom("data: x", ":", "\n", "\r", "\n\n", "\r\n", "a") });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.boolean())), (pieces) => {
        written = "";
        keepAlive.stop();
        keepAlive = new KeepAlive(writer);
        let whole = "";
        for (const [piece, silent] of pieces) {
          send(piece);
          whole += piece;
          if (silent) vi.advanceTimersByTime(SILENCE_MS);
        }
        expect(written.replaceAll(COMMENT, "")).toBe(whole);
        // Each comment stands behind an empty line, whichever of the three line ends made it.
        for (const before of written.split(COMMENT).slice(0, -1))
          expect(`\n\n${before}`.replaceAll(/\r\n?/g, "\n").endsWith("\n\n")).toBe(true);
      }),
    );
  });
});
