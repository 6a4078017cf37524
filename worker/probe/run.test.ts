import { expect, test } from "vitest";
import type { ProbeReport } from "../../contract/probe.ts";
import { nothing } from "./memory.ts";
import { reportDue } from "./report.ts";
import { type ProbeParts, probe } from "./run.ts";

const webhook = (name: string, url = `https://${name}.example.com/`) => ({
  name,
  url,
  secret: "s".repeat(32),
});

/** A probe of one gateway whose state, webhooks' answers and time the test sets. */
function rig(webhooks = [webhook("one"), webhook("two")]) {
  const sent: { url: string; init: RequestInit }[] = [];
  const lines: unknown[] = [];
  const reports: ProbeReport[] = [];
  const world = { reason: undefined as string | undefined, answers: {} as Record<string, number>, nowMs: 0 };
  let memory = nothing;
  const run = async () => {
    sent.length = 0;
    world.nowMs += 60_000;
    const parts: ProbeParts = {
      gateways: ["home"],
      failures: 2,
      webhooks,
      ask: async () => world.reason,
      fetch: async (url, init) => {
        sent.push({ url, init });
        return new Response("", { status: world.answers[new URL(url).hostname.split(".")[0] ?? ""] ?? 200 });
      },
      nowMs: world.nowMs,
      log: (line) => lines.push(line),
    };
    // As it is stored between two runs.
    const done = await probe(memory, parts);
    memory = structuredClone(done.memory);
    reports.push(done.report);
    // The webhooks are told side by side, in no order.
    return sent
      .map(({ url, init }) => [new URL(url).hostname, JSON.parse(String(init.body)).events[0].status])
      .sort();
  };
  return { world, run, sent, lines, reports };
}

test("tells each webhook once, and again only the one that did not take it", async () => {
  const { world, run, sent } = rig();
  expect(await run()).toEqual([]);
  world.reason = "TUNNEL_DOWN";
  expect(await run()).toEqual([]);
  world.answers.two = 302;
  expect(await run()).toEqual([
    ["one.example.com", "down"],
    ["two.example.com", "down"],
  ]);
  expect(sent[0]?.init.redirect).toBe("manual");
  expect(JSON.parse(String(sent[0]?.init.body)).events).toEqual([
    { gateway: "home", status: "down", reason: "TUNNEL_DOWN", since: "1970-01-01T00:02:00.000Z" },
  ]);
  world.answers.two = 200;
  expect(await run()).toEqual([["two.example.com", "down"]]);
  expect(await run()).toEqual([]);
  world.reason = undefined;
  expect(await run()).toEqual([
    ["one.example.com", "up"],
    ["two.example.com", "up"],
  ]);
  expect(await run()).toEqual([]);
});

test("says nothing of failures that are not in a row", async () => {
  const { world, run } = rig();
  for (const reason of ["A", undefined, "A", undefined]) {
    world.reason = reason;
    expect(await run()).toEqual([]);
  }
});

test("reports what it found, and writes that down when it changes or grows old", async () => {
  const { world, run, reports } = rig();
  for (const reason of [undefined, "TUNNEL_DOWN", "TUNNEL_DOWN"]) {
    world.reason = reason;
    await run();
  }
  const since = "1970-01-01T00:02:00.000Z";
  expect(reports).toEqual([
    { at: "1970-01-01T00:01:00.000Z", gateways: { home: {} } },
    { at: since, gateways: { home: { reason: "TUNNEL_DOWN", since } } },
    { at: "1970-01-01T00:03:00.000Z", gateways: { home: { reason: "TUNNEL_DOWN", since } } },
  ]);
  const [well, down, stillDown] = reports as [ProbeReport, ProbeReport, ProbeReport];
  expect(reportDue(well, undefined)).toBe(true);
  expect(reportDue(down, well)).toBe(true);
  expect(reportDue(stillDown, down)).toBe(false);
  expect(reportDue({ ...down, at: "1970-01-01T00:06:31.000Z" }, down)).toBe(true);
});

test("sends nothing to a private address, and logs neither URL nor secret", async () => {
  const { world, run, lines } = rig([webhook("one", "https://192.168.1.20/key-in-url")]);
  world.reason = "A";
  await run();
  expect(await run()).toEqual([]);
  expect(JSON.stringify(lines)).toContain("refused");
  expect(JSON.stringify(lines)).not.toMatch(/key-in-url|sss/);
});
