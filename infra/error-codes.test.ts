import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { errorCodes } from "./error-codes.ts";

const root = join(import.meta.dirname, "..");
const textOf = (pattern: string): string =>
  globSync(pattern, { cwd: root, exclude: ["**/*.test.ts", "**/*.suite.ts", "infra/error-codes/*.ts"] })
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
const program = textOf("infra/*.ts") + textOf("cli/{ending,init,init/*,family,family/*,rotate,rotate/*}.ts");
const scripts = textOf("pi/*.{sh,mjs}");
const known = Object.keys(errorCodes);

/** What is said as a code: `fail CODE` of lib.sh, the first text of a Refusal or a PiNotReady, `CODE: ` at a text's start. */
function codesIn(text: string): string[] {
  const places = [
    /\bfail ([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g,
    /\bnew [A-Z]\w*\(\s*"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g,
    /["'`]([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): /g,
    /\bcode(?::|\s*=)\s*"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g,
  ];
  return places.flatMap((place) => [...text.matchAll(place)].map((match) => match[1] ?? ""));
}

describe("the catalogue of error codes", () => {
  test("has every code that the set-up, the program or a script on the Pi says", () => {
    const said = [...new Set([...codesIn(program), ...codesIn(scripts)])];
    expect(said.length).toBeGreaterThan(15);
    expect(said.filter((code) => !known.includes(code))).toEqual([]);
  });

  test("has none that nobody says", () => {
    const words = new Set(`${program}\n${scripts}`.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g));
    expect(known.filter((code) => !words.has(code))).toEqual([]);
  });

  test.each(known)("explains %s in whole sentences", (code) => {
    const { meaning, mend } = errorCodes[code as keyof typeof errorCodes];
    for (const text of [meaning, mend]) expect(text).toMatch(/^[A-Za-z].*[.:]?.*\.$/s);
  });
});
