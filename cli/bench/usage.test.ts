import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { memoryMbOf, watchUsage } from "./usage.ts";

const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    const ended = once(child, "close");
    child.stdin?.end();
    await ended;
  }
});

const work = (cpuMs: number) => `
  const used = () => process.cpuUsage().user + process.cpuUsage().system;
  const until = used() + ${cpuMs * 1000};
  while (used() < until) for (let turn = 0; turn < 1e6; turn++);`;

/** A shell that starts a process which has worked for so long and then keeps so much; both live until the test ends. */
async function busy(cpuMs: number, megabytes: number): Promise<number> {
  const program = `
    ${work(cpuMs)}
    const kept = Buffer.alloc(${megabytes} * 1024 * 1024, 1);
    console.log("ready");
    process.stdin.resume().on("end", () => kept.fill(0));`;
  const child = spawn("sh", ["-c", `'${process.execPath}' -e "$0"; true`, program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.push(child);
  await once(child.stdout, "data");
  return child.pid as number;
}

test("counts what a command started, and of what ran before only what it does from now on", async () => {
  const [command, other] = await Promise.all([busy(100, 40), busy(500, 40)]);
  const { peakMemoryMb, cpuSeconds, processes } = watchUsage(command, [other]).stop();
  expect(processes).toBe(4);
  expect(peakMemoryMb).toBeGreaterThan(80);
  expect(cpuSeconds).toBeGreaterThan(0.09);
  expect(cpuSeconds).toBeLessThan(0.5);
  expect(memoryMbOf([process.pid], [command, other])).toBeLessThan(memoryMbOf([process.pid], []) - 80);
});

test("counts a process that has ended too, once its parent knows", async () => {
  const child = spawn("sh", ["-c", `'${process.execPath}' -e "$0"; echo ended; cat`, work(100)]);
  running.push(child);
  await once(child.stdout, "data");
  expect(watchUsage(child.pid as number, []).stop().cpuSeconds).toBeGreaterThan(0.09);
});
