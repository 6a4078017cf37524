import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { tokenPermissions } from "../../contract/permissions.ts";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { type Desk, newDesk } from "./testing/desk.ts";
import { keys } from "./testing/terminal.ts";

// What can be seen without a Pi; the rest is in init.suite.ts, on the stage.
let cloudflare: TestCloudflare;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(231);
});
afterAll(() => cloudflare.local.close());

/** A fresh desk for each test: what one writes is nothing to the next. */
async function desk(apiUrl = cloudflare.local.apiUrl): Promise<Desk> {
  const made = await newDesk(apiUrl);
  onTestFinished(() => made.clear());
  return made;
}

const stackFiles = ({ project }: Desk) =>
  readdirSync(project).filter((name) => /^\.?Pulumi\..+\.yaml$/.test(name));
const flags = ({ backend }: Desk, ...more: string[]) => [
  ...[
    "--backend",
    backend,
    "--stack",
    "family",
    "--yes",
    "--json",
    "--email",
    "you@example.com",
    "--pi",
    "pi@127.0.0.1:9",
  ],
  ...["--host-key-fingerprint", "SHA256:x", "--agent", ...more],
];
const errorOf = ({ stdout }: { stdout: string }) =>
  (JSON.parse(stdout) as { error: { code: string; message: string } }).error;

describe("without a terminal", () => {
  test("lists all that is missing at once, each with the flag that gives it", async () => {
    const result = await (await desk()).run(["--json"]);
    const { code, message } = errorOf(result);
    expect(code).toBe("ANSWERS_MISSING");
    for (const flag of [
      "--stack",
      "--yes",
      "--api-token-file",
      "--email",
      "--pi",
      "--host-key-fingerprint",
      "--identity",
    ])
      expect(message).toContain(`\n  ${flag} `);
    expect(result.code).toBe(1);
  });

  test("lists what is missing for a stack that is new, once the stack is known", async () => {
    const there = await desk();
    const args = [
      "--json",
      "--backend",
      there.backend,
      "--stack",
      "family",
      "--yes",
      "--email",
      "a@example.com",
    ];
    const { message } = errorOf(await there.run(args));
    expect(message).not.toContain("--email");
    expect(message).toContain("--pi USER@HOST[:PORT]");
  });

  test.each([
    [{ state: "expired" }, "CLOUDFLARE_TOKEN_EXPIRED"],
    [{ state: "disabled" }, "CLOUDFLARE_TOKEN_DISABLED"],
    [{ without: ["Cloudflare Tunnel Write"] }, "CLOUDFLARE_PERMISSION_MISSING"],
  ] as const)("refuses a token %j as %s and writes nothing", async (options, expected) => {
    const there = await desk();
    const CLOUDFLARE_API_TOKEN = cloudflare.local.issueApiToken(options);
    const result = await there.run(flags(there, "--account-id", cloudflare.local.accountId), {
      env: { CLOUDFLARE_API_TOKEN },
    });
    expect(errorOf(result).code).toBe(expected);
    expect(result.stderr).not.toContain(CLOUDFLARE_API_TOKEN);
    expect(result.code).toBe(1);
    expect(stackFiles(there)).toEqual([]);
    expect(existsSync(join(there.home, ".config"))).toBe(false);
  });

  test("takes the one account that a user's token opens, and says what is wrong with the Pi", async () => {
    const there = await desk();
    const result = await there.run(flags(there), {
      env: { CLOUDFLARE_API_TOKEN: cloudflare.local.apiToken },
    });
    expect(errorOf(result).code).toBe("PI_NO_SSH");
    expect(stackFiles(there)).toEqual([]);
  });

  test("refuses a passphrase file inside the project, one that others may read, and an empty one", async () => {
    const there = await desk();
    const attempt = async (file: string) =>
      errorOf(
        await there.run(flags(there, "--passphrase-file", file), {
          env: { CLOUDFLARE_API_TOKEN: cloudflare.local.apiToken },
        }),
      ).message;
    expect(await attempt(join(there.project, "passphrase"))).toMatch(/inside the project, where git/);
    const file = join(there.home, "passphrase");
    await writeFile(file, "", { mode: 0o644 });
    expect(await attempt(file)).toContain(`chmod 600 ${file}`);
    await chmod(file, 0o600);
    expect(await attempt(file)).toContain("is empty");
  });

  test.each([
    [["--email", "nobody"], "an email address"],
    [["--service-token", "Phone"], "lowercase letters, digits and dashes"],
    [["--service-token", "a=1d"], "hours, such as 8760h"],
    [["--pi", "pi@host:99999"], "a port from 1 to 65535"],
    [["--account-id", "12"], "32 hexadecimal digits"],
    [["--stack", "Family"], "lowercase letters"],
    [["--backend", "file:///nowhere/at/all"], "mkdir -m 700 -p /nowhere/at/all"],
  ])("says of %j what is wanted", async (wrong, wanted) => {
    const there = await desk();
    const result = await there.run(flags(there, ...wrong), {
      env: { CLOUDFLARE_API_TOKEN: cloudflare.local.apiToken },
    });
    expect(errorOf(result).message).toContain(wanted);
    expect(result.code).toBe(1);
  });

  test("names the folder it has to run in", async () => {
    const there = await desk();
    const result = await there.run([], { cwd: there.home });
    expect(result.stderr).toMatch(/NOT_THE_PROJECT[\s\S]*npm run init/);
    expect(result.code).toBe(1);
  });

  test("teaches with --help, and refuses an unknown flag with 2", async () => {
    const there = await desk();
    const { stdout, code } = await there.run(["--help"]);
    for (const part of ["--host-key-fingerprint", "Exit code", "For example"]) expect(stdout).toContain(part);
    expect(code).toBe(0);
    expect((await there.run(["--api-token", "x"])).code).toBe(2);
  });
});

describe("at a terminal", () => {
  /** Answers up to Cloudflare's part. */
  async function begin(there: Desk) {
    const screen = there.sitDown();
    await screen.chooses("Where shall the state be kept?", "Somewhere else");
    await screen.asked("Backend URL", there.backend);
    await screen.asked("Name of the stack", "Family");
    await screen.sees("lowercase letters");
    screen.presses("\u0015");
    screen.answers("family");
    await screen.chooses("Which passphrase?", "A new one");
    return screen;
  }

  test("explains each permission by its exact name, and leaves nothing at Ctrl-C", async () => {
    const there = await desk();
    const screen = await begin(there);
    await screen.sees("API token (");
    for (const { name, level, purpose } of tokenPermissions) {
      expect(screen.shown()).toContain(`${name}: ${level}`);
      expect(screen.shown()).toContain(`for ${purpose}`);
    }
    screen.presses(keys.ctrlC);
    expect(await screen.ended()).toBe(130);
    expect(screen.shown()).toContain("nothing was written");
    expect(stackFiles(there)).toEqual([]);
    expect(existsSync(join(there.home, ".config"))).toBe(false);
  });

  test("shows nothing of what is pasted before its question is there", async () => {
    const screen = (await desk()).sitDown();
    await screen.sees("Pulumi engine");
    screen.presses("typed-ahead");
    await screen.sees("Where shall the state be kept?");
    expect(screen.shown()).not.toContain("typed-ahead");
    screen.presses(keys.ctrlC);
    expect(await screen.ended()).toBe(130);
  });

  test("waits while Zero Trust is set up, having said where to click", async () => {
    const plain = await startTestCloudflare(232, { zeroTrust: false });
    onTestFinished(() => plain.local.close());
    const there = await desk(plain.local.apiUrl);
    const screen = await begin(there);
    await screen.asked("API token (", plain.local.apiToken);
    await screen.sees("one.dash.cloudflare.com");
    await screen.sees("Look again: I have mended it");
    expect(screen.shown()).not.toContain(plain.local.apiToken);
    screen.presses(keys.ctrlC);
    expect(await screen.ended()).toBe(130);
  });

  test("asks an account's own token for its account", async () => {
    const there = await desk();
    const screen = await begin(there);
    await screen.asked("API token (", cloudflare.local.issueApiToken({ kind: "account" }));
    await screen.asked("Account id", cloudflare.local.accountId);
    await screen.chooses("Where shall the API token be kept?", "In the stack");
    await screen.asked("Hostname of its own", "ai.example.org");
    await screen.sees("HOSTNAME_ZONE_MISSING");
    await screen.asked("Hostname of its own");
    await screen.sees("Email addresses");
    screen.presses(keys.ctrlC);
    expect(await screen.ended()).toBe(130);
  });

  test("asks again for the passphrase of a stack that is there", async () => {
    const there = await desk();
    await mkdir(join(there.home, ".config"), { recursive: true });
    const file = join(there.home, "right");
    await writeFile(file, "correct horse battery staple\n", { mode: 0o600 });
    const wrong = join(there.home, "wrong");
    await writeFile(wrong, "battery horse\n", { mode: 0o600 });
    await there.pulumi(["stack", "init", "family"], { PULUMI_CONFIG_PASSPHRASE_FILE: file });
    const before = readFileSync(join(there.project, "Pulumi.family.yaml"), "utf8");
    const screen = there.sitDown([
      "--stack",
      "family",
      "--backend",
      there.backend,
      "--passphrase-file",
      wrong,
    ]);
    await screen.sees("PASSPHRASE_WRONG");
    await screen.chooses("Where is the stack's passphrase?", "In a file");
    await screen.asked("File with the passphrase", file);
    await screen.sees("API token (");
    screen.presses(keys.ctrlC);
    expect(await screen.ended()).toBe(130);
    expect(readFileSync(join(there.project, "Pulumi.family.yaml"), "utf8")).toBe(before);
  });
});
