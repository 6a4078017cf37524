import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { rehearse, script, traces, until } from "../rehearsal/testing/rehearse.ts";

describe("npm run rehearse", () => {
  test(
    "walks the whole chain, tells each step as JSON, and leaves nothing on the machine",
    async () => {
      const before = traces();
      const { child, said } = rehearse("--json");
      const [code] = await once(child, "exit");
      expect(said.stderr).toContain("The whole chain was built, used and taken down.");
      const { ok, steps } = JSON.parse(said.stdout) as {
        ok: boolean;
        steps: { name: string; ok: boolean; seconds: number }[];
      };
      expect(ok).toBe(true);
      expect(code).toBe(0);
      expect(steps.every((step) => step.ok && step.seconds >= 0)).toBe(true);
      expect(steps.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          "pulumi up builds the chain",
          "OpenClaw answers curl (streamed)",
          "nothing is left",
        ]),
      );
      expect(traces()).toEqual(before);
    },
    15 * 60_000,
  );

  longTest(
    "walks it with the login at Access as OpenClaw's own, as owner, member and guest",
    async () => {
      const before = traces();
      const { child, said } = rehearse("--sign-in", "access", "--json");
      const [code] = await once(child, "exit");
      expect(said.stderr).toContain("The whole chain was built, used and taken down.");
      const { steps } = JSON.parse(said.stdout) as { steps: { name: string }[] };
      expect(steps.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          "the Control UI knows the owner by the login at Access",
          "an open Control UI connects again after its connection was cut",
          "a member chats in the Control UI, apart from the owner",
          "a guest is shown the way to the chat page, and chats there",
          "nothing is left",
        ]),
      );
      expect(code).toBe(0);
      expect(traces()).toEqual(before);
    },
    15 * 60_000,
  );

  longTest(
    "stays up with --keep, answers the printed curl line, and is taken down by Ctrl-C",
    async () => {
      const before = traces();
      const { child, said } = rehearse("--keep");
      await until(child, said, "Ctrl-C takes it down.");
      const line = /^ {2}(curl .*)$/m.exec(said.stderr)?.[1] ?? "";
      const { stdout } = spawnSync("sh", ["-c", line], { encoding: "utf8", timeout: 60_000 });
      expect(JSON.parse(stdout).choices[0].message.content).toContain("Hello");
      child.kill("SIGINT");
      const [code] = await once(child, "exit");
      expect(said.stdout).toContain("The whole chain was built, used and taken down.");
      expect(code).toBe(0);
      expect(traces()).toEqual(before);
    },
    15 * 60_000,
  );

  test(
    "is taken down when it is interrupted in the middle of an up",
    async () => {
      const before = traces();
      const { child, said } = rehearse();
      await until(child, said, "… pulumi up builds the chain");
      child.kill("SIGTERM");
      const [code] = await once(child, "exit");
      expect(said.stderr).toContain("Interrupted");
      expect(code).toBe(1);
      expect(traces()).toEqual(before);
    },
    15 * 60_000,
  );

  test("says in one sentence what is needed when it is not root", () => {
    const { status, stderr } = spawnSync(process.execPath, [script], {
      encoding: "utf8",
      uid: 65534,
      gid: 65534,
    });
    expect(status).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(/needs Linux and root/);
  });

  test("teaches with --help", () => {
    const { stdout, status } = spawnSync(process.execPath, [script, "--help"], { encoding: "utf8" });
    expect(status).toBe(0);
    for (const option of ["--keep", "--json", "--providers", "Exit code"]) expect(stdout).toContain(option);
  });
});
