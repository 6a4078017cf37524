import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePrograms } from "../rehearsal/host/requirements.ts";
import { quiet } from "../rehearsal/progress.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { pulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import { watchProcesses } from "../rehearsal/testing/watch.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";
import { type OutsideOptions, runOutside } from "./testing/outside.ts";
import { preparePython } from "./testing/python.ts";

const folder = import.meta.dirname;

/** The examples, as they stand in the repository, against a built stack. */
export function examplesSuite(stage: () => Stage): void {
  describe("the examples", () => {
    let stack: Stack;
    let env: Record<string, string>;
    const outside = (more: Partial<OutsideOptions> = {}): OutsideOptions => ({
      hosts: { [new URL(String(env.OPENAI_BASE_URL)).hostname]: stage().cloudflare.edgeAddress },
      caCertificate: stage().ca.certificate,
      folder: join(stage().workspace.folder, "outside"),
      env,
      ...more,
    });
    /** Runs an example and sees that the secret shows in no process's arguments meanwhile. */
    const tried = async (command: readonly string[], more?: Partial<OutsideOptions>) => {
      const watch = watchProcesses(() => ({ clientSecret: String(env.CF_ACCESS_CLIENT_SECRET) }));
      try {
        return await runOutside(command, outside(more));
      } finally {
        expect((await watch.stop()).found).toEqual([]);
      }
    };
    const python = async () => {
      const mounted = outside().folder;
      await mkdir(mounted, { recursive: true });
      await copyFile(join(folder, "openai-sdk.py"), join(mounted, "openai-sdk.py"));
      return ["/usr/bin/python3", "/mnt/openai-sdk.py"];
    };

    beforeAll(async () => {
      await ensurePrograms({ jq: "jq" });
      stack = await stage().workspace.stack("examples", stackConfig(stage()));
      await stack.up();
      env = await environmentOf(stage());
    }, 180_000);
    afterAll(async () => {
      await stack.destroy();
    });

    test("environment.sh reads the stack's address and service token out of its outputs", async () => {
      const { apiBaseUrl, serviceTokens } = await stack.outputs();
      expect(env).toEqual({
        OPENAI_BASE_URL: apiBaseUrl?.value,
        CF_ACCESS_CLIENT_ID: serviceTokens?.value.cli.clientId,
        CF_ACCESS_CLIENT_SECRET: serviceTokens?.value.cli.clientSecret,
      });
    });

    test("curl.sh is answered, whole and as a stream", async () => {
      const [whole = "", ...events] = (await tried(["sh", join(folder, "curl.sh")])).trim().split(/\n+/);
      expect(JSON.parse(whole).choices[0].message.content).toContain("hello");
      expect(events.length).toBeGreaterThan(3);
      expect(events.every((line) => line.startsWith("data: ") || line.startsWith(":"))).toBe(true);
      expect(events.at(-1)).toBe("data: [DONE]");
    });

    test("openai-sdk.ts is answered, whole and as a stream", async () => {
      const [whole, streamed] = lines(await tried([process.execPath, join(folder, "openai-sdk.ts")]));
      expect(whole).toContain("hello");
      expect(streamed).toContain("good night");
    });

    test("openai-sdk.py is answered, whole and as a stream", async ({ skip }) => {
      const root = await preparePython(quiet);
      if (!root) skip("this machine's archive has no Debian with python3-openai");
      const [whole, streamed] = lines(await tried(await python(), { root }));
      expect(whole).toContain("hello");
      expect(streamed).toContain("good night");
    });

    test("each of them says that a wrong secret is refused, and fails", async () => {
      const wrong = { env: { ...env, CF_ACCESS_CLIENT_SECRET: "0".repeat(64) } };
      const refused = { stdout: expect.not.stringContaining("hello"), code: expect.any(Number) };
      await expect(tried(["sh", join(folder, "curl.sh")], wrong)).rejects.toMatchObject(refused);
      const typescript = [process.execPath, join(folder, "openai-sdk.ts")];
      await expect(tried(typescript, wrong)).rejects.toMatchObject(refused);
      const root = await preparePython(quiet);
      if (root) await expect(tried(await python(), { ...wrong, root })).rejects.toMatchObject(refused);
    });
  });
}

const lines = (text: string): string[] => text.trim().split("\n");

/** What `. examples/environment.sh` exports, with the rehearsal's engine as the project's `npx pulumi`. */
async function environmentOf(stage: Stage): Promise<Record<string, string>> {
  const { engine, workspace } = stage;
  await pulumiCli(stage, "stack", "select", "examples");
  const bin = join(workspace.folder, "npx");
  await mkdir(bin);
  await writeFile(join(bin, "npx"), `#!/bin/sh\nshift\nexec ${engine.command} "$@"\n`, { mode: 0o755 });
  const names = ["OPENAI_BASE_URL", "CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET"];
  const { stdout } = await promisify(execFile)(
    "sh",
    ["-euc", '. "$1"; shift; printenv "$@"', "sh", join(folder, "environment.sh"), ...names],
    { cwd: workspace.folder, env: { ...process.env, ...workspace.env, PATH: `${bin}:${process.env.PATH}` } },
  );
  const values = lines(stdout);
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
