import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import type { Ledger } from "./ledger.ts";

const SUBJECT = "person:gus@guests.example";
const folders: string[] = [];
let folder: string;
let gateway: TestGateway;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ledger-"));
  folders.push(folder);
  gateway = await startGateway({ persistIn: folder });
});
afterEach(() => gateway?.close());
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

const ledger = async (subject = SUBJECT) => (await gateway.ledger(subject)) as DurableObjectStub<Ledger>;
const begin = async (id: string, quota: object, subject?: string) => {
  const { refused, requestsLeft, tokensLeft, secondsLeft } = await (await ledger(subject)).beginRun(
    id,
    quota,
  );
  return { refused, requestsLeft, tokensLeft, secondsLeft };
};
/** Ends the Worker, lets something be done to what it has stored, and starts another one on it. */
async function restart(change: (database: DatabaseSync) => void = () => {}) {
  await gateway.close();
  for (const file of globSync(join(folder, "**/*.sqlite"))) {
    const database = new DatabaseSync(file);
    if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'leases'").get()) change(database);
    database.close();
  }
  gateway = await startGateway({ persistIn: folder });
}
const aDayLater = (database: DatabaseSync) => {
  database.exec("UPDATE usage SET day = day - 1; UPDATE leases SET until = until - 86400000");
};
const rowsOf = async (table: string) => {
  let rows: unknown[] = [];
  await restart((database) => {
    rows = database.prepare(`SELECT * FROM ${table}`).all();
  });
  return rows;
};

describe("the requests of a day", () => {
  it("are counted exactly, however many come at once", async () => {
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) => begin(`r${n}`, { requestsPerDay: 10 })),
    );
    expect(all.filter(({ refused }) => refused === undefined)).toHaveLength(10);
    expect(all.filter(({ refused }) => refused === "QUOTA_EXCEEDED")).toHaveLength(40);
    expect(
      all
        .map(({ requestsLeft }) => requestsLeft)
        .sort((a, b) => b - a)
        .slice(0, 11),
    ).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
  });

  it("are each identity's own", async () => {
    await begin("a", { requestsPerDay: 1 });
    expect(await begin("b", { requestsPerDay: 1 })).toMatchObject({ refused: "QUOTA_EXCEEDED" });
    expect((await begin("c", { requestsPerDay: 1 }, "service:gus@guests.example")).refused).toBeUndefined();
  });

  it("are counted once when the same call comes again", async () => {
    const first = await begin("a", { requestsPerDay: 2, concurrentRuns: 1 });
    expect(first).toMatchObject({ refused: undefined, requestsLeft: 1 });
    expect(await begin("a", { requestsPerDay: 2, concurrentRuns: 1 })).toMatchObject({
      ...first,
      secondsLeft: expect.any(Number),
    });
  });

  it("begin anew at midnight UTC, which is told in seconds", async () => {
    await begin("a", { requestsPerDay: 1 });
    const before = Math.ceil((86_400_000 - (Date.now() % 86_400_000)) / 1000);
    const { refused, secondsLeft } = await begin("b", { requestsPerDay: 1 });
    expect([refused, Math.abs(before - secondsLeft) <= 2 || secondsLeft > 86_390]).toEqual([
      "QUOTA_EXCEEDED",
      true,
    ]);
    await restart(aDayLater);
    expect((await begin("c", { requestsPerDay: 1 })).refused).toBeUndefined();
  });

  it("are kept over a restart, and not beyond their day", async () => {
    await begin("a", { requestsPerDay: 2 });
    await (await ledger()).endRun("a", 10);
    await restart();
    expect(await begin("b", { requestsPerDay: 2 })).toMatchObject({ requestsLeft: 0 });
    await restart(aDayLater);
    await restart(aDayLater);
    await begin("c", { requestsPerDay: 2 });
    expect(await rowsOf("usage")).toMatchObject([
      { day: Math.floor(Date.now() / 86_400_000), requests: 1, tokens: 0 },
    ]);
    expect(await rowsOf("leases")).toMatchObject([{ id: "c" }]);
  });
});

describe("the tokens of a day", () => {
  const quota = { tokensPerDay: 100 };

  it("are counted at a run's end, so that the last one may take more than was left", async () => {
    expect(await begin("a", quota)).toMatchObject({ tokensLeft: 100 });
    await (await ledger()).endRun("a", 99);
    expect(await begin("b", quota)).toMatchObject({ tokensLeft: 1 });
    await (await ledger()).endRun("b", 5000);
    expect(await begin("c", quota)).toMatchObject({ refused: "QUOTA_EXCEEDED", tokensLeft: 0 });
  });

  it("are counted once for each run, and never for one that has not begun", async () => {
    await begin("a", quota);
    await (await ledger()).endRun("a", 60);
    await (await ledger()).endRun("a", 60);
    await (await ledger()).endRun("never", 60);
    expect(await begin("b", quota)).toMatchObject({ tokensLeft: 40 });
  });

  it.each([-50, Number.NaN, Number.POSITIVE_INFINITY, 0.5])(
    "are not changed by %s, which is none",
    async (tokens) => {
      await begin("a", quota);
      await (await ledger()).endRun("a", tokens);
      expect(await begin("b", quota)).toMatchObject({ tokensLeft: 100 });
    },
  );

  it("of a run that outlived its lease count too", async () => {
    await begin("a", quota);
    await restart((database) => database.exec("UPDATE leases SET until = until - 3600000"));
    await begin("b", quota);
    await (await ledger()).endRun("a", 100);
    expect(await begin("c", quota)).toMatchObject({ refused: "QUOTA_EXCEEDED" });
  });
});

describe("runs at the same time", () => {
  const quota = { concurrentRuns: 2, requestsPerDay: 100 };

  it("are refused above their number, which costs no request, and go on when one ends", async () => {
    const all = await Promise.all(["a", "b", "c", "d"].map((id) => begin(id, quota)));
    expect(all.map(({ refused }) => refused)).toEqual([
      undefined,
      undefined,
      "TOO_MANY_RUNS",
      "TOO_MANY_RUNS",
    ]);
    await (await ledger()).endRun("a", 1);
    expect(await begin("e", quota)).toMatchObject({ refused: undefined, requestsLeft: 97 });
    expect(await begin("f", quota)).toMatchObject({ refused: "TOO_MANY_RUNS" });
  });

  it("whose Worker died free their places after a quarter of an hour", async () => {
    await begin("a", quota);
    await begin("b", quota);
    await restart((database) => database.exec(`UPDATE leases SET until = until - ${14 * 60_000}`));
    expect(await begin("c", quota)).toMatchObject({ refused: "TOO_MANY_RUNS" });
    await restart((database) => database.exec("UPDATE leases SET until = until - 61000"));
    expect((await begin("c", quota)).refused).toBeUndefined();
  });
});

describe("sockets", () => {
  const open = async (id: string, limit: number, seconds = 3600) =>
    (await ledger()).openSocket(id, limit, seconds);

  it("are refused above their number, and go on when one is closed", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => open(`s${n}`, 5)));
    expect(all.filter(Boolean)).toHaveLength(5);
    await (await ledger()).closeSocket("s0");
    expect([await open("x", 5), await open("y", 5)]).toEqual([true, false]);
  });

  it("are no runs", async () => {
    await open("s", 1);
    expect((await begin("r", { concurrentRuns: 1 })).refused).toBeUndefined();
    expect(await open("t", 1)).toBe(false);
  });

  it("that nobody closed are over with their life", async () => {
    await open("s", 1, 30);
    await restart((database) => database.exec("UPDATE leases SET until = until - 31000"));
    expect(await open("t", 1)).toBe(true);
    await restart(aDayLater);
    await open("u", 1);
    expect(await rowsOf("leases")).toHaveLength(2); // those of the last day: the first is gone
  });
});
