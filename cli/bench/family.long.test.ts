import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOverSsh } from "../../infra/ssh.ts";
import { isAlive } from "../../rehearsal/cache.ts";
import type { FamilyReport } from "./family-report.ts";
import { type BenchPi, startBenchPi } from "./pi.ts";

describe("the benchmark's Pi", () => {
  let pi: BenchPi;
  beforeAll(async () => {
    pi = await startBenchPi(() => {});
  }, 600_000);
  afterAll(() => pi?.close());

  const ask = (command: string, stdin: string, privateKey = pi.privateKey) => {
    const { port, hostKey } = pi;
    return runOverSsh({ host: "127.0.0.1", port, user: "pi", hostKey, privateKey }, command, stdin);
  };

  test("answers a look for the port that it is told, notes it, and keeps none of the input", async () => {
    const { code, stdout } = await ask("sh -c '…' look create abc", "SECRET\nopenclaw_port 4711\n");
    expect(code).toBe(0);
    expect(stdout).toContain("openclaw_configured_port=4711\n");
    const [clock] = /(?<=^clock=)\d+/m.exec(stdout) ?? [];
    expect(Math.abs(Number(clock) - Date.now() / 1000)).toBeLessThan(60);
    expect(await pi.asked()).toEqual(["sh -c '…' look create abc"]);
  });

  test("runs nothing, and says so of what it has no answer to", async () => {
    const { code, stdout, stderr } = await ask("id", "");
    expect([code, stdout, stderr]).toEqual([127, "", "the recorder has no answer to: id\n"]);
  });

  test("is gone when it is closed", async () => {
    const { pid } = pi;
    await pi.close();
    expect(isAlive(pid)).toBe(false);
  });
});

test("npm run bench -- family measures stacks from their first up to their destroy", {
  timeout: 600_000,
}, async () => {
  const words = [
    join(import.meta.dirname, "../bench.ts"),
    "family",
    "--stacks",
    "2",
    "--parallel",
    "2",
    "--json",
  ];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 500_000 });
  const { measures, goals, surroundings } = JSON.parse(stdout) as FamilyReport;
  expect(measures.map(({ what, stacks }) => [what, stacks])).toEqual([
    ["up --all, new", 2],
    ["up --all, no change", 2],
    ["up --all, one changed", 2],
    ["preview of one", 1],
    ["destroy --all", 2],
  ]);
  // A look, the footprint, the connector and OpenClaw; then a look alone; at the end the footprint and OpenClaw.
  expect(measures.map(({ piCommands }) => piCommands)).toEqual([8, 2, 2, 0, 2]);
  expect(measures.map(({ refused }) => refused)).toEqual([0, 0, 0, 0, 0]);
  for (const { peakMemoryMb, cpuSeconds, processes, cloudflareMemoryMb } of measures) {
    expect(peakMemoryMb).toBeGreaterThan(100);
    expect(cpuSeconds).toBeGreaterThan(0.5);
    expect(processes).toBeGreaterThan(3);
    expect(cloudflareMemoryMb).toBeGreaterThan(50);
  }
  // What is asked once for both, and what each asks: more would not fit for a hundred (family/budget.ts).
  const mostCalls = [70, 30, 32, 20, 20];
  for (const [index, { what, apiCalls }] of measures.entries())
    expect(apiCalls, what).toBeLessThanOrEqual(mostCalls[index] ?? 0);
  expect(goals.map(({ met }) => met)).toEqual([true, true, true]);
  expect(surroundings.pi).toContain("one real sshd");
});
