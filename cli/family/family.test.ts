import type { ChildProcess } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { Result } from "./operation.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

const names = ["ada", "bob", "cleo"];

describe("npm run family", { timeout: 60_000 }, () => {
  let cloudflare: TestCloudflare;
  let home: TestHousehold;

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(150, { internet: async () => new Response("taken") });
    const { client, local } = cloudflare;
    // With the three stacks' own, as many as an account may have.
    for (let token = 0; token < 47; token++)
      await client.post(`/accounts/${local.accountId}/access/service_tokens`, {
        body: { name: `other-${token}` },
      });
    home = await openTestHousehold(cloudflare);
    for (const name of names) await home.add(name);
  }, 120_000);
  afterAll(async () => {
    await home?.close();
    await cloudflare?.local.close();
  });

  const ofStacks = () => cloudflare.local.resources().filter((one) => !one.includes("other-"));
  const results = (stdout: string): Result[] => JSON.parse(stdout).results;
  const statuses = (stdout: string) => results(stdout).map(({ stack, status }) => `${stack} ${status}`);

  test("wants to know which stacks, and that it may", async () => {
    const none = await home.family(["up"]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("STACKS_NOT_NAMED") });
    const unknown = await home.family(["preview", "ada", "dora"]);
    expect(unknown.stderr).toMatch(
      /STACK_UNKNOWN: there is no stack dora; there are ada, bob, cleo\n.*add dora/,
    );
    const unasked = await home.family(["up", "--all"]);
    expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining("AGREEMENT_MISSING") });
    expect((await home.family(["up", "--all", "--parallel", "none"])).code).toBe(2);
    expect(ofStacks()).toEqual([]);
  });

  test("refuses two stacks that are to have the same port of a Pi, before anything is built", async () => {
    const there = (text: string) => text.replace(/abandoned"?: ?true/, (was) => was.replace("true", "false"));
    const { code, stderr } = await home.withConfig("ada", there, () =>
      home.withConfig("bob", there, () => home.family(["up", "cleo", "--yes"])),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /STACKS_IN_CONFLICT: .*\n {2}port 18789 of the Pi 192\.0\.2\.1 is both ada's and bob's\n.*--stack bob .*pi\.openclawPort/,
    );
  });

  test("explains what Cloudflare refuses in the middle of an up", async () => {
    const apiToken = cloudflare.local.issueApiToken({ without: ["Connectivity Directory Bind"] });
    const withToken = (text: string) =>
      text.replace("config: {", `config: {"cloudflare:apiToken": "${apiToken}", `);
    const { code, stdout } = await home.withConfig("ada", withToken, () =>
      home.family(["up", "ada", "--yes", "--json"]),
    );
    expect(code).toBe(1);
    const { failure = "" } = results(stdout)[0] ?? {};
    expect(failure).toMatch(
      /403 Forbidden .*"code":10196[\s\S]*\nCLOUDFLARE_PERMISSION_MISSING: .*\n.*"Connectivity Directory", Bind.*same command again/,
    );
    expect(failure).not.toContain(apiToken);
    expect(ofStacks().join("\n")).toContain("VPC service openclaw-ada");
  });

  test("goes on from there with the permission, starts none after one that failed, and says why", async () => {
    const wrong = (text: string) =>
      text.replace("@example.com", ".example.com").replace(":accountId", ":acountId");
    const { code, stdout, stderr } = await home.withConfig("bob", wrong, () =>
      home.family(["up", "--all", "--yes", "--parallel", "1"]),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ada +ok +\d created +[\d.]+\nbob +failed .*\ncleo +not started/m);
    expect(stdout).toMatch(/^ada:\n {2}PI_ABANDONED/m);
    expect(stdout).toMatch(/^bob:\n {2}CONFIG_INVALID: [\s\S]*acountId[\s\S]*npx pulumi config/m);
    expect(stderr).toMatch(/^✗ bob failed: CONFIG_INVALID/m);
  });

  test("goes on with the others when told to", async () => {
    const { code, stdout } = await home.withConfig(
      "ada",
      (text) => text.replace("192.0.2.1", "a b"),
      () => home.family(["up", "--all", "--yes", "--json", "--continue-on-error"]),
    );
    expect(code).toBe(1);
    expect(statuses(stdout)).toEqual(["ada failed", "bob ok", "cleo ok"]);
  });

  test("finds nothing to change after that in a full account, and leaves the folder's own choice of stack alone", async () => {
    const { code, stdout } = await home.family(["preview", "--all", "--json"]);

    expect(code).toBe(0);
    for (const { changes, changed } of results(stdout))
      expect([Object.keys(changes), changed]).toEqual([["same"], []]);
    await expect(home.desk.pulumi(["stack", "output"], { PULUMI_CONFIG_PASSPHRASE: "test" })).rejects.toThrow(
      "no stack selected",
    );
  });

  test("makes no further stack in a full account", async () => {
    await home.add("dora");
    const { code, stdout } = await home.family(["up", "dora", "--yes", "--json"]);
    expect(code).toBe(1);
    expect(results(stdout)[0]?.failure).toMatch(
      /ACCOUNT_FULL[\s\S]*50 of the 50 service tokens of an account, and 1 more: openclaw-dora-cli/,
    );
    expect(ofStacks().join("\n")).not.toContain("dora");
    await home.drop("dora");
  });

  test("shows how each of them is, and where", async () => {
    const before = cloudflare.local.calls.length;
    // What one of them may call (cli/family/budget.ts); the next ones wait.
    const env = { XDG_STATE_HOME: join(home.desk.home, "nothing-called") };
    const { code, stdout, stderr } = await home.family(["status", "--json", "--api-calls", "28/2"], { env });
    expect(stderr).toMatch(/: waiting, for at most 2 s, until Cloudflare's API may be asked more/);
    expect(cloudflare.local.calls.length - before).toBeLessThanOrEqual(28 * names.length);
    // The Pis are gone; what stands in the cloud is asked through Access, with each stack's own service token.
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(
      names.map((stack) => ({
        stack,
        isBuilt: true,
        url: `https://openclaw-${stack}.${cloudflare.local.workersSubdomain}.workers.dev`,
        tunnel: "inactive",
        openclaw: "",
        cloudflared: "",
        gateway: "TUNNEL_DOWN",
        strangers: [],
        changedAt: expect.stringMatching(/^20/),
        lastResult: stack === "ada" ? "update failed" : "update succeeded",
        secrets: [
          {
            target: "service-token:cli",
            since: expect.stringMatching(/^20/),
            ...{ days: 0, maxDays: 180, due: false, words: "" },
            expiresAt: expect.stringMatching(/^20/),
          },
        ],
        pending: 0,
      })),
    );
    const outputs = await home.family(["outputs", "bob", "--json"]);
    expect(JSON.parse(outputs.stdout).bob).toMatchObject({
      url: `https://openclaw-bob.${cloudflare.local.workersSubdomain}.workers.dev`,
      serviceTokens: "[secret]",
      programs: { cli: { role: "member", duration: "8760h" } },
    });
  });

  test("comes to an end at Ctrl-C, and says where each stack stands", async () => {
    const held = cloudflare.local.faults.hold("DELETE", /\/access\/apps\//);
    let cli: ChildProcess | undefined;
    const stopping = Promise.withResolvers<void>();
    const destroy = home.family(["destroy", "--all", "--yes", "--json", "--parallel", "1"], {
      onStderr: (piece, child) => {
        cli = child;
        if (piece.includes("ada: stopping")) stopping.resolve();
      },
    });
    await held.arrived;
    cli?.kill("SIGINT");
    await stopping.promise;
    held.release();
    const { code, stdout } = await destroy;
    expect(code).toBe(130);
    expect(statuses(stdout)).toEqual(["ada interrupted", "bob not started", "cleo not started"]);
    expect(results(stdout)[0]?.failure).toBeUndefined();
    const again = await home.family(["destroy", "ada", "--yes", "--json"]);
    expect(again).toMatchObject({ code: 0 });
  });

  test("refuses one name in two backends", async () => {
    const PULUMI_BACKEND_URL = `${home.desk.backend}-2`;
    await mkdir(PULUMI_BACKEND_URL.replace("file://", ""));
    await home.desk.pulumi(["stack", "init", "bob", "--no-select"], {
      PULUMI_BACKEND_URL,
      PULUMI_CONFIG_PASSPHRASE: "test",
    });
    const { code, stderr } = await home.family(["preview", "ada"], { env: { PULUMI_BACKEND_URL } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/STACK_TWICE: there are two stacks bob, in file:\S+ and in file:\S+: /);
  });

  test("removes a stack with its people's sessions, and says what remains", async () => {
    const { code, stdout, stderr } = await home.family(["remove", "cleo", "--yes", "--json"]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).remains.join("\n")).toMatch(
      /^OpenClaw on 192\.0\.2\.1[\s\S]*\nThe passphrase in .*: keep it, the secrets of ada, bob are .*\n.*cleo\.env, /,
    );
    expect(cloudflare.local.revokedPeople.at(-1)).toBe("cleo@example.com");
    expect((await home.family(["preview", "cleo"])).stderr).toContain("STACK_UNKNOWN");
    expect(cloudflare.local.resources().join("\n")).not.toContain("cleo");
    await expect(readFile(home.file("cleo"))).rejects.toThrow("ENOENT");
  });

  test("takes all of them off again", async () => {
    const { code } = await home.family(["destroy", "--all", "--yes"]);
    expect(code).toBe(0);
    expect(ofStacks()).toEqual([]);
  });
});
