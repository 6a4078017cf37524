import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { encodedPiProgram, piScript, sudoSetting } from "./pi-script.ts";

describe("piScript", () => {
  const script = piScript("look", { asRoot: false });

  test("keeps settings out of the command, which the state and errors show", () => {
    expect(script.stdin({ openclaw_port: "18789" })).toContain("openclaw_port 18789\n");
    expect(script.command("create")).not.toContain("18789");
    expect(script.command("create").length).toBeLessThan(120);
  });

  test("shows another version of a script as another command", () => {
    expect(script.command("create")).toMatch(/ look create [0-9a-f]{12}$/);
  });

  test("runs under a shell that is not the login shell's own", () => {
    const output = execFileSync("sh", ["-c", script.command("create")], {
      input: script.stdin({ openclaw_port: "1", program: encodedPiProgram("openclaw-look") }),
      encoding: "utf8",
    });
    expect(output).toMatch(/^machine=/m);
  });

  test("refuses a setting of two lines, which would be read as two settings", () => {
    expect(() => script.stdin({ openclaw_port: "1\nstack x" })).toThrow("openclaw_port");
  });

  test("gives a sudo that asks its password on standard input, and runs the same as the user's command", () => {
    const script = piScript("connector", { asRoot: true, sudoPassword: "sesame" });
    expect(script.command("create")).toMatch(/^sh -c .* connector create [0-9a-f]{12}$/);
    const another = piScript("connector", { asRoot: true, sudoPassword: "another" });
    expect(another.command("create")).toBe(script.command("create"));
    expect(script.stdin({ stack: "home" }).split("\n")[1]).toBe(Buffer.from("sesame").toString("base64"));
    expect(script.stdin({ stack: "home" })).toMatch(/\nstack home\n$/);
    expect(sudoSetting({ user: "root", sudoPassword: "sesame" })).toEqual({});
  });

  test("runs as root by sudo that never asks", () => {
    expect(piScript("connector", { asRoot: true }).command("create")).toMatch(/^sudo -n sh -c /);
  });
});
