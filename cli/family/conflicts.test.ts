import { expect, test } from "vitest";
import { refuseConflicts } from "./conflicts.ts";
import { stackFiles } from "./testing/stack-files.ts";

const accountId = "0123456789abcdef0123456789abcdef";

/** Looks at stacks whose files have these settings. @returns what is said against them, if anything */
async function said(stacks: Readonly<Record<string, object>>): Promise<string> {
  const configs = Object.entries(stacks).map(([name, settings]) => [
    name,
    Object.fromEntries(Object.entries(settings).map(([key, value]) => [`openclaw-gateway:${key}`, value])),
  ]);
  return refuseConflicts(await stackFiles(Object.fromEntries(configs))).then(
    () => "",
    (error: Error) => error.message,
  );
}

test("finds one hostname of two stacks, however it is written and wherever it stands", async () => {
  expect(
    await said({
      ada: { hostname: "AI.example.com" },
      bob: { hostname: "bob.example.com", alsoHostnames: ["workers.dev", "ai.example.com"] },
    }),
  ).toBe(
    [
      "STACKS_IN_CONFLICT: two stacks are to have the same:",
      "  the hostname ai.example.com is both ada's and bob's",
      "    npx pulumi config set --stack bob --path 'openclaw-gateway:alsoHostnames[1]' NAME",
    ].join("\n"),
  );
  const below = { hostname: "workers.dev", alsoHostnames: ["workers.dev"] };
  expect(await said({ ada: below, bob: below })).toBe("");
});

test("finds one Worker's name of two stacks in one account", async () => {
  const worker = { accountId, workerName: "claw" };
  expect(await said({ ada: worker, bob: worker })).toMatch(
    /the Worker claw of the account 0123456789abcdef0123456789abcdef is both ada's and bob's\n.*workerName/,
  );
  expect(await said({ ada: worker, bob: { ...worker, accountId: "f".repeat(32) } })).toBe("");
});

test("finds one port of a Pi, and tells Pis apart by their SSH port and jump host", async () => {
  const pi = { host: "192.0.2.1" };
  const jump = { host: "gate.example.com" };
  const both = (one: object, other: object) => said({ ada: { pi: one }, bob: { pi: other } });
  expect(await both(pi, { ...pi, port: 22, openclawPort: 18789 })).toMatch(
    /port 18789 of the Pi 192\.0\.2\.1 is both/,
  );
  expect(await both({ ...pi, port: 2222, jump }, { ...pi, port: 2222, jump })).toMatch(
    "port 18789 of the Pi gate.example.com to 192.0.2.1 (SSH port 2222) is both",
  );
  for (const other of [{ port: 2222 }, { jump }, { openclawPort: 18909 }, { abandoned: true }])
    expect(await both(pi, { ...pi, ...other })).toBe("");
});

test("leaves what is no setting at all to the stack's own up", async () => {
  const broken = { hostname: 7, alsoHostnames: "x", workerName: {}, pi: { host: ["x"] } };
  expect(await said({ ada: broken, bob: broken })).toBe("");
});
