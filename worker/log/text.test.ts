import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oneLine, withoutSecrets } from "./text.ts";

describe("a text in the log", () => {
  it.each([
    ["a line's end", "a\r\nb\u2028c\u2029d\u0085e", "abcde"],
    ["a terminal's escape sequence", "\u001b[2J\u001b]0;x\u0007\u009b31m", "[2J]0;x31m"],
    ["another reading direction", "\u202egpj.exe\u2066\u200f", "gpj.exe"],
    ["what cannot be seen", "a\u200bb\u00adc\ufeffd\u{e0041}e\ufe0f", "abcde"],
    ["half a character", "a\ud800b", "a\ufffdb"],
  ])("holds no %s", (_what, text, written) => {
    expect(oneLine(text)).toBe(written);
  });

  it("keeps what people are called", () => {
    expect(oneLine("zoë.müller@例え.jp")).toBe("zoë.müller@例え.jp");
  });

  it("is cut, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 5000 }), (text) => {
        const line = oneLine(text);
        expect(line.length).toBeLessThanOrEqual(256);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(oneLine(line)).toBe(line);
      }),
    );
  });
});

describe("an error's text", () => {
  const token = `${"eyJhbGciOiJSUzI1NiJ9"}.${"eyJhdWQiOiJ4In0"}.c2lnbmF0dXJl`;

  it.each([
    ["a token", `TypeError: ${token} is odd`, "TypeError: [long] is odd"],
    ["a hash", `key ${"0a".repeat(32)}!`, "key [long]!"],
    ["a secret that is known", "Bearer correct-horse-battery", "Bearer [secret]"],
  ])("loses %s", (_what, text, written) => {
    expect(withoutSecrets(text, ["correct-horse-battery"])).toBe(written);
  });

  it("keeps the words that explain it", () => {
    const text = "Error: ProxyError: connection_limit_reached at openclaw.invalid:18789";
    expect(withoutSecrets(text, [])).toBe(text);
  });
});
