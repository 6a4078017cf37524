import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { atLength } from "../../rehearsal/testing/long-test.ts";
import { passphrasePath } from "../init/places.ts";
import type { StackOfFamily } from "./household.ts";
import type { Result } from "./operation.ts";
import { fileForNew, openedBy } from "./passphrases.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

const stack = (name: string, file?: string): StackOfFamily => ({
  name,
  ref: name,
  backend: "",
  env: file === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: file },
  file: "",
});

describe("the passphrase of a new stack", () => {
  const home = stack("home", passphrasePath("home"));
  const [file, own] = ["/secure/family", passphrasePath("mia")];

  test("is the family's where the stack that it takes after has one of several", () => {
    expect(fileForNew("mia", stack("home", file), [], {})).toBe(file);
    const shared = stack("ben", passphrasePath("home"));
    expect(fileForNew("mia", shared, [home, shared], {})).toBeUndefined();
    expect(fileForNew("mia", stack("cloud"), [home], {})).toBeUndefined();
  });

  test("is its own in a shell that is set up for another stack, and the shell's where that is nobody's own", () => {
    const inShell = (shell: NodeJS.ProcessEnv) => fileForNew("mia", home, [home], shell);
    expect(inShell({ PULUMI_CONFIG_PASSPHRASE_FILE: passphrasePath("home") })).toBe(own);
    expect(inShell({ PULUMI_CONFIG_PASSPHRASE_FILE: passphrasePath("home").replace(homedir(), "~") })).toBe(
      own,
    );
    expect(inShell({ PULUMI_CONFIG_PASSPHRASE_FILE: file })).toBeUndefined();
    expect(inShell({})).toBeUndefined();
  });
});

test("what is recorded for a stack opens it in a shell that has another stack's passphrase", async () => {
  const folder = await mkdtemp(join(tmpdir(), "passphrases-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const recorded = { PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "home.passphrase") };
  await writeFile(recorded.PULUMI_CONFIG_PASSPHRASE_FILE, "of home\n");
  const shell = { PULUMI_CONFIG_PASSPHRASE: "of mia" };
  expect(await openedBy(recorded, shell)).toEqual({ ...recorded, PULUMI_CONFIG_PASSPHRASE: "of home" });
  expect(await openedBy(recorded, {})).toEqual(recorded);
  expect(await openedBy({}, shell)).toEqual({});
});

describe.runIf(atLength)("stacks with passphrases of their own", { timeout: 120_000 }, () => {
  let cloudflare: TestCloudflare;
  let home: TestHousehold;
  beforeAll(async () => {
    cloudflare = await startTestCloudflare(156);
    home = await openTestHousehold(cloudflare);
    const { apiToken } = cloudflare.local;
    for (const [name, PULUMI_CONFIG_PASSPHRASE] of [
      ["ada", "test"],
      ["bob", "another one"],
    ] as const) {
      await home.add(name, {}, PULUMI_CONFIG_PASSPHRASE);
      const set = ["config", "set", "--secret", "--stack", name, "cloudflare:apiToken"];
      await home.desk.pulumi(set, { PULUMI_CONFIG_PASSPHRASE }, apiToken);
    }
  }, 120_000);
  afterAll(async () => {
    await home?.close();
    await cloudflare?.local.close();
  });
  const preview = async (env: NodeJS.ProcessEnv) => {
    const { stdout } = await home.family(["preview", "--all", "--json", "--continue-on-error"], { env });
    return JSON.parse(stdout).results as Result[];
  };

  test("are opened each by its own, also in a shell that has another one", async () => {
    for (const env of [{}, { PULUMI_CONFIG_PASSPHRASE: "of the shell" }])
      expect((await preview(env)).map(({ status, failure }) => failure ?? status)).toEqual(["ok", "ok"]);
  });

  test("of which one is not known here: it is named, with the line that records it", async () => {
    const own = join(home.desk.home, ".config/openclaw-gateway/bob.env");
    await writeFile(own, `export PULUMI_BACKEND_URL=${home.desk.backend}\n`);
    const [ada, bob] = await preview({ PULUMI_CONFIG_PASSPHRASE: "test" });
    expect([ada?.status, bob?.status]).toEqual(["ok", "failed"]);
    expect(bob?.failure).toMatch(
      /^PASSPHRASE_WRONG: .* the stack bob \(.*\n +.*init -- --stack bob --passphrase-file/,
    );
  });
});
