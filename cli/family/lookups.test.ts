import { expect, test } from "vitest";
import { type Asker, answersOfRun, openLookups } from "./lookups.ts";

/** Processes of one run, without the processes. */
function processes(count: number) {
  const lookups = openLookups();
  return Array.from({ length: count }, () => {
    const asker: Asker = (message) => answers.hear(message);
    const answers = answersOfRun((message) => lookups.hear(message, asker));
    return { ...answers, end: () => lookups.gone(asker) };
  });
}

test("asks once for all processes, whether they ask at the same time or later", async () => {
  const [first, second, third] = processes(3) as [Process, Process, Process];
  const asked = Promise.withResolvers<string>();
  let times = 0;
  const ask = () => {
    times += 1;
    return asked.promise;
  };
  const early = [first.lookup("account", ask), second.lookup("account", ask), second.lookup("account", ask)];
  asked.resolve("the account");
  expect(await Promise.all([...early, third.lookup("account", ask)])).toEqual(Array(4).fill("the account"));
  expect(times).toBe(1);
  expect(await third.lookup("another", async () => "another")).toBe("another");
  const nothing = async () => undefined;
  expect([await first.lookup("nothing", nothing), await second.lookup("nothing", ask)]).toEqual([
    undefined,
    undefined,
  ]);
});

test("lets those that wait ask for themselves when the one that asked has failed, or has ended", async () => {
  const [first, second, third] = processes(3) as [Process, Process, Process];
  const failed = first.lookup("account", async () => {
    throw new Error("no answer");
  });
  const others = [second, third].map((one) => one.lookup("account", async () => "the account"));
  await expect(failed).rejects.toThrow("no answer");
  expect(await Promise.all(others)).toEqual(["the account", "the account"]);

  void first.lookup("logins", () => new Promise(() => {}));
  const waiting = second.lookup("logins", async () => "the logins");
  first.end();
  expect(await waiting).toBe("the logins");
});

type Process = ReturnType<typeof processes>[number];
