import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
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

  test("lets nothing that OpenClaw's commands leave running hold the step's lock", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pi-script-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const node = join(folder, "node");
    // The descriptors that a child of this node would have too.
    await writeFile(node, "#!/bin/sh\ncat >/dev/null\nls -l /proc/$$/fd\n", { mode: 0o700 });
    const piece = (name: string) => readFile(new URL(`../pi/${name}`, import.meta.url), "utf8");
    const text = [
      await piece("lib.sh"),
      "id() { echo 4294967; }; await_process() { :; }",
      `find_openclaw() { for name in other package entry config unit pid; do eval "openclaw_$name="; done; openclaw_node=${node}; }`,
      await piece("openclaw.sh"),
    ].join("\n");
    const settings = "stack home\nopenclaw_port 18789\nprogram eA==\nwanted eA==\n";
    const fds = execFileSync("sh", ["-c", text, "step", "create"], {
      input: settings,
      encoding: "utf8",
      env: { ...process.env, HOME: folder },
    });
    expect(fds).toMatch(/ 1 -> /);
    expect(fds).not.toContain(folder.concat("\n"));
    // That is where the lock is.
    expect(await piece("lib.sh")).toContain('exec 9<"$HOME"');
  });

  test("runs as root by sudo that never asks", () => {
    expect(piScript("connector", { asRoot: true }).command("create")).toMatch(/^sudo -n sh -c /);
  });
});
