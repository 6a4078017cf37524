import { expect, test } from "vitest";
import { untouched } from "./operation.ts";
import { atMost, sideBySide } from "./side-by-side.ts";

const names = ["a", "b", "c", "d", "e", "f"];
const never = new AbortController().signal;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Workers that take a turn for each; `failing` fails. */
function workers(failing?: string) {
  const seen = { running: 0, most: 0, open: 0, started: [] as string[] };
  const open = () => {
    seen.open += 1;
    return {
      async run(name: string) {
        seen.started.push(name);
        seen.running += 1;
        seen.most = Math.max(seen.most, seen.running);
        await turn();
        seen.running -= 1;
        return untouched(name, name === failing ? "failed" : "ok");
      },
      async close() {
        seen.open -= 1;
      },
    };
  };
  return { seen, open };
}

test("runs as many at a time as it may, answers in the order of the names, and closes what it opened", async () => {
  const { seen, open } = workers();
  const results = await sideBySide(names, { parallel: 2, continueOnError: false, signal: never }, open);
  expect(results.map(({ stack, status }) => `${stack} ${status}`)).toEqual(names.map((name) => `${name} ok`));
  expect(seen).toMatchObject({ most: 2, open: 0 });
});

test("starts none after a failure, unless told to go on", async () => {
  const stopping = workers("b");
  const stopped = await sideBySide(
    names,
    { parallel: 1, continueOnError: false, signal: never },
    stopping.open,
  );
  expect(stopped.map(({ status }) => status)).toEqual(["ok", "failed", ...Array(4).fill("not started")]);
  expect(stopping.seen).toMatchObject({ started: ["a", "b"], open: 0 });

  const going = workers("b");
  await sideBySide(names, { parallel: 1, continueOnError: true, signal: never }, going.open);
  expect(going.seen.started).toEqual(names);
});

test("starts none after Ctrl-C, whatever it was told", async () => {
  const interruption = new AbortController();
  const { seen, open } = workers();
  const run = sideBySide(names, { parallel: 2, continueOnError: true, signal: interruption.signal }, open);
  interruption.abort();
  expect((await run).map(({ status }) => status)).toEqual(["ok", "ok", ...Array(4).fill("not started")]);
  expect(seen.open).toBe(0);
});

test("does no more at the same time than it may with what is not a stack's operation either", async () => {
  const seen = { running: 0, most: 0, started: [] as string[] };
  const work = (failing?: string) => async (name: string) => {
    seen.started.push(name);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await turn();
    seen.running -= 1;
    if (name === failing) throw new Error(name);
    return name.toUpperCase();
  };
  expect(await atMost(2, names, work())).toEqual(["A", "B", "C", "D", "E", "F"]);
  expect(seen.most).toBe(2);
  seen.started = [];
  await expect(atMost(1, names, work("b"))).rejects.toThrow("b");
  expect(seen.started).toEqual(["a", "b"]);
});
