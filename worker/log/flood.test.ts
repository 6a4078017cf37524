import { describe, expect, it } from "vitest";
import { Sample, Tally } from "./flood.ts";

describe("a sample", () => {
  it("lets so many through in a window, and tells after it how many it left out", () => {
    const sample = new Sample(2, 1000);
    expect([0, 1, 2, 3].map((now) => sample.take(now))).toEqual([true, true, false, false]);
    expect(sample.leftOut(999)).toBe(0);
    expect(sample.leftOut(1000)).toBe(2);
    expect(sample.leftOut(1000)).toBe(0);
    expect(sample.take(1000)).toBe(true);
  });

  it("forgets no left out one when the next window comes full too", () => {
    const sample = new Sample(1, 1000);
    for (const now of [0, 1, 1001, 1002]) sample.take(now);
    expect(sample.leftOut(2001)).toBe(2);
  });
});

describe("a tally", () => {
  it("tells once when a key reaches the threshold, and anew in the next window", () => {
    const tally = new Tally(2, 1000, 10);
    expect([0, 1, 2].map((now) => tally.count("a", now))).toEqual([false, true, false]);
    expect(tally.count("b", 3)).toBe(false);
    expect([1000, 1001].map((now) => tally.count("a", now))).toEqual([false, true]);
  });

  it("remembers no more keys than it may", () => {
    const tally = new Tally(2, 1000, 2);
    for (const key of ["a", "b", "c"]) tally.count(key, 0);
    expect(tally.count("a", 1)).toBe(false); // forgotten when c came
  });
});
