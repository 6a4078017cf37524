import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type Engine, ensureEngine } from "../../rehearsal/engine/index.ts";
import { newKeyPair } from "../../rehearsal/host/keys.ts";
import { quiet } from "../../rehearsal/progress.ts";
import { passphrasePath, shellFilePath } from "./places.ts";
import type { Plan } from "./plan.ts";
import { type Pulumi, pulumiOf } from "./pulumi.ts";
import { readStored } from "./stored.ts";
import { newDesk } from "./testing/desk.ts";
import { writePlan } from "./write.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await ensureEngine(quiet);
});

const privateKey = newKeyPair("ed25519").private;
const apiToken = "t".repeat(40);
const sudoPassword = "correct-horse";
const apiKey = "k".repeat(40);
const hostKey = newKeyPair("ed25519").public.split(" ").slice(0, 2).join(" ");
const jump = {
  host: "jump.example.com",
  port: 22,
  user: "me",
  hostKey,
  privateKey: newKeyPair("ed25519").private,
};

/** A plan for a new stack in a folder of its own, with the real engine. */
async function newPlan() {
  const desk = await newDesk("http://127.0.0.1:9");
  onTestFinished(() => desk.clear());
  const before = process.env.XDG_CONFIG_HOME;
  process.env.XDG_CONFIG_HOME = join(desk.home, ".config");
  onTestFinished(() => {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });
  const real = pulumiOf(engine, desk.project, {
    PULUMI_HOME: join(desk.home, ".pulumi"),
    PULUMI_BACKEND_URL: desk.backend,
    PULUMI_CONFIG_PASSPHRASE: "new",
  });
  const stack = { name: "family", exists: false, file: join(desk.project, "Pulumi.family.yaml") };
  const plan = {
    backend: { url: desk.backend, isService: false, stacks: [] },
    stack,
    passphrase: { value: "new", file: passphrasePath("family"), isNew: true },
    stored: { values: {} },
    values: {
      accountId: "0123456789abcdef0123456789abcdef",
      access: { emails: ["you@example.com"] },
      // A name of digits alone stays a text.
      serviceTokens: [{ name: "2026", duration: "720h" }],
      pi: { host: "10.0.0.7", port: 22, user: "pi", hostKey, privateKey, sudoPassword, jump },
      apiKeys: { current: apiKey },
    },
    account: {
      token: { value: apiToken, source: "typed" },
      accountId: "",
      teamDomain: "",
      workersSubdomain: "",
      limitedLogins: undefined,
    },
    tokenPlace: "stack",
    pulumi: real,
  } as unknown as Plan;
  const left = () => ({
    files: readdirSync(desk.project).filter((name) => /^\.?Pulumi\..+\.yaml$/.test(name)),
    passphrase: existsSync(passphrasePath("family")),
    stacks: globSync("state/.pulumi/stacks/**/*.json", { cwd: desk.home }).map((file) => basename(file)),
  });
  return { plan, real, left };
}

/** The same command, which goes wrong at a call that `when` picks. */
const failing = (real: Pulumi, when: (args: readonly string[]) => boolean): Pulumi =>
  Object.assign(
    async (args: readonly string[], call?: { stdin?: string }) => {
      if (when(args)) throw new Error("the disk is full");
      return real(args, call);
    },
    { with: real.with },
  );

const never = new AbortController().signal;

test("writes a stack with its secrets encrypted and in no argument, and the files around it for its owner alone", async () => {
  const { plan, real } = await newPlan();
  const seen: string[] = [];
  const pulumi = failing(real, (args) => {
    seen.push(args.join(" "));
    return false;
  });
  await writePlan({ ...plan, pulumi }, never);
  const [keyLine, jumpLine] = [privateKey, jump.privateKey].map((key) => key.split("\n")[2] ?? "no key");
  const text = readFileSync(plan.stack.file, "utf8");
  for (const secret of [apiToken, keyLine, jumpLine, sudoPassword, apiKey]) {
    expect(text).not.toContain(secret);
    expect(seen.join("\n")).not.toContain(secret);
  }
  expect(await readStored(real, "family")).toMatchObject({ values: plan.values, apiToken });
  for (const file of [passphrasePath("family"), shellFilePath("family")])
    expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each([
  ["the first of the config", (args: readonly string[]) => args[1] === "set-all"],
  ["the last secret", (args: readonly string[]) => args.includes("cloudflare:apiToken")],
  ["the check of what was written", (args: readonly string[]) => args.includes("--show-secrets")],
])("takes a new stack back when it fails at %s", async (_where, when) => {
  const { plan, real, left } = await newPlan();
  await expect(writePlan({ ...plan, pulumi: failing(real, when) }, never)).rejects.toThrow(
    "the disk is full",
  );
  expect(left()).toEqual({ files: [], passphrase: false, stacks: [] });
});

test("takes a new stack back at Ctrl-C", async () => {
  const { plan, left } = await newPlan();
  await expect(writePlan(plan, AbortSignal.abort())).rejects.toThrow("Interrupted");
  expect(left()).toEqual({ files: [], passphrase: false, stacks: [] });
});

test("keeps the passphrase and names the command when the new stack cannot be taken back", async () => {
  const { plan, real, left } = await newPlan();
  const pulumi = failing(real, (args) => args[1] === "set-all" || args[1] === "rm");
  const refusal = await writePlan({ ...plan, pulumi }, never).catch((error: Error) => error.message);
  expect(refusal).toContain("npx pulumi stack rm family");
  expect(left()).toMatchObject({ passphrase: true, stacks: ["family.json"] });
});

test("leaves a stack that was there as it was when a change of it fails", async () => {
  const { plan, real } = await newPlan();
  await writePlan(plan, never);
  const before = readFileSync(plan.stack.file, "utf8");
  const change = {
    ...plan,
    stack: { ...plan.stack, exists: true },
    passphrase: { value: "new", isNew: false },
    stored: await readStored(real, "family"),
    values: { ...plan.values, access: { emails: ["other@example.com"] }, accountId: "f".repeat(32) },
  };
  const pulumi = failing(real, (args) => args.includes("--show-secrets"));
  await expect(writePlan({ ...change, pulumi }, never)).rejects.toThrow("the disk is full");
  expect(readFileSync(plan.stack.file, "utf8")).toBe(before);
  await writePlan(change, never);
  expect((await readStored(real, "family")).values).toMatchObject(change.values);
});

test("never writes over a passphrase that came there in the meantime", async () => {
  const { plan, left } = await newPlan();
  await mkdir(join(passphrasePath("family"), ".."), { recursive: true });
  await writeFile(passphrasePath("family"), "another\n", { mode: 0o600 });
  await expect(writePlan(plan, never)).rejects.toThrow("EEXIST");
  expect(readFileSync(passphrasePath("family"), "utf8")).toBe("another\n");
  expect(left().files).toEqual([]);
});

test("takes no stack away that somebody else made in the meantime", async () => {
  const { plan, real, left } = await newPlan();
  await real(["stack", "init", "family"]);
  await expect(writePlan(plan, never)).rejects.toThrow("already exists");
  expect(left()).toEqual({ files: ["Pulumi.family.yaml"], passphrase: false, stacks: ["family.json"] });
});
