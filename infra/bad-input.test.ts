import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tokenPermissions } from "../contract/permissions.ts";
import { type ApiPermission, programPermissions } from "../rehearsal/cloudflare/index.ts";
import { startTestCloudflare, type TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import type { Engine } from "../rehearsal/engine/index.ts";
import { anyHostKey, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";
import { pulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import type { RehearsalWorkspace } from "../rehearsal/workspace.ts";

// A preview on the real engine asks the account and no Pi, so these need no host.
const teardown = new AsyncDisposableStack();
let engine: Engine;
let account: TestCloudflare;
let workspace: RehearsalWorkspace;
let stack: Stack;

const configOf = ({ local }: TestCloudflare): ConfigMap => ({
  "cloudflare:baseUrl": { value: local.apiUrl },
  "cloudflare:apiToken": { value: local.apiToken, secret: true },
  "openclaw-gateway:accountId": { value: local.accountId },
  "openclaw-gateway:pi.host": { value: "192.0.2.1" },
  "openclaw-gateway:pi.hostKey": { value: anyHostKey },
  "openclaw-gateway:access.emails[0]": { value: "owner@example.com" },
});

async function startAccount(slot: number, options: Parameters<typeof startTestCloudflare>[1] = {}) {
  const started = await startTestCloudflare(slot, options);
  teardown.defer(() => started.local.close());
  return started;
}

/** What a person reads under "Diagnostics" when a preview is refused with this config. */
async function refusal(change: ConfigMap, base: ConfigMap = configOf(account)): Promise<string> {
  await stack.setAllConfig({ ...base, ...change }, true);
  return stack.preview().then(
    () => "no refusal",
    (error: Error) => /^Diagnostics:\n([\s\S]*?)\nResources:/m.exec(error.message)?.[1] ?? error.message,
  );
}

const token = (value: string): ConfigMap => ({ "cloudflare:apiToken": { value, secret: true } });

beforeAll(async () => {
  ({ engine, account, workspace } = await openCloudStage(238, teardown));
  stack = await workspace.stack("bad", configOf(account));
});

afterAll(() => teardown.disposeAsync());

describe("the API token", () => {
  test("is taken when it is a user's or the account's own, with all permissions and no more than these", async () => {
    const permissions = tokenPermissions.map(({ group }) => group as ApiPermission);
    for (const kind of ["user", "account"] as const)
      expect(await refusal(token(account.local.issueApiToken({ kind, permissions })))).toBe("no refusal");
  });

  test.each(["user", "account"] as const)("of the kind %s is refused when nobody knows it", async (kind) => {
    const unknown = account.local.issueApiToken({ kind });
    account.local.revokeApiToken(unknown);
    const message = await refusal(token(unknown));
    expect(message).toContain("CLOUDFLARE_TOKEN_INVALID: Cloudflare does not know this API token");
    expect(message).toContain("npx pulumi config set --secret cloudflare:apiToken");
    expect(message).not.toContain(unknown);
  });

  test("is refused without a stack trace when it is old-style and unknown, having been tried in both ways", async () => {
    const message = await refusal(token("x".repeat(40)));
    expect(message).toContain("CLOUDFLARE_TOKEN_INVALID");
    expect(message).not.toMatch(/\.ts:[0-9]+/);
  });

  test.each([
    ["user", "expired", "CLOUDFLARE_TOKEN_EXPIRED", /past its end date[\s\S]*profile\/api-tokens/],
    ["user", "disabled", "CLOUDFLARE_TOKEN_DISABLED", /switched off[\s\S]*profile\/api-tokens/],
    ["account", "expired", "CLOUDFLARE_TOKEN_EXPIRED", /past its end date[\s\S]*[0-9a-f]{32}\/api-tokens/],
  ] as const)("of the kind %s that is %s is told so", async (kind, state, code, words) => {
    const message = await refusal(token(account.local.issueApiToken({ kind, state })));
    expect(message).toContain(`error: ${code}: `);
    expect(message).toMatch(words);
  });

  test.each(tokenPermissions.filter(({ proof }) => proof))(
    "without $name is told exactly that, and where to click",
    async ({ name, level, group }) => {
      const without = programPermissions.filter((one) => one.startsWith(group.replace(/ \w+$/, " ")));
      expect(without).not.toEqual([]);
      const message = await refusal(token(account.local.issueApiToken({ without })));
      expect(message).toContain(
        `CLOUDFLARE_PERMISSION_MISSING: the API token lacks the permission "${name}: ${level}"`,
      );
      expect(message).toContain("https://dash.cloudflare.com/profile/api-tokens");
      const named = [...message.matchAll(/lacks the permission "(.*): \w+"/g)].map((match) => match[1]);
      expect([...new Set(named)]).toEqual([name]);
    },
  );

  test("without two permissions hears of both at once", async () => {
    const without: ApiPermission[] = ["Cloudflare Tunnel Write", "Workers Scripts Write"];
    const message = await refusal(token(account.local.issueApiToken({ kind: "account", without })));
    expect(message).toContain("CLOUDFLARE_NOT_READY: 2 things are missing at Cloudflare");
    expect(message).toMatch(/"Cloudflare Tunnel: Edit"[\s\S]*"Workers Scripts: Edit"/);
    expect(message).toContain(`https://dash.cloudflare.com/${account.local.accountId}/api-tokens`);
  });

  test("that is nowhere is asked for, with the two ways to give it", async () => {
    await stack.setAllConfig(configOf(account), true);
    await stack.removeConfig("cloudflare:apiToken");
    const { output, code } = await pulumiCli({ engine, workspace }, "preview", "--stack", "bad");
    expect(code).not.toBe(0);
    expect(output).toMatch(/CLOUDFLARE_TOKEN_MISSING[\s\S]*export CLOUDFLARE_API_TOKEN/);
    // An inline program's SDK tells the engine twice; a person with the CLI hears it once.
    expect(output.match(/^ +error: CLOUDFLARE_TOKEN_MISSING/gm)).toHaveLength(1);
  });
});

describe("the account", () => {
  test.each(["user", "account"] as const)(
    "is told to be wrong when the %s token opens none of it",
    async (kind) => {
      const message = await refusal({
        ...token(account.local.issueApiToken({ kind })),
        "openclaw-gateway:accountId": { value: "0".repeat(32) },
      });
      // An account's token is verified within its account, so there it is the token that is unknown.
      expect(message).toContain(kind === "user" ? "CLOUDFLARE_ACCOUNT_WRONG" : "CLOUDFLARE_TOKEN_INVALID");
      expect(message).toContain(`the account ${"0".repeat(32)}`);
    },
  );

  test("hears of Zero Trust and of the workers.dev name together when neither is set up", async () => {
    const bare = await startAccount(239, { zeroTrust: false, workersSubdomain: false });
    const message = await refusal({}, configOf(bare));
    expect(message).toContain("CLOUDFLARE_NOT_READY: 2 things");
    expect(message).toMatch(/CLOUDFLARE_ZERO_TRUST_OFF[\s\S]*one\.dash\.cloudflare\.com/);
    expect(message).toMatch(/CLOUDFLARE_WORKERS_NAME_MISSING[\s\S]*workers-and-pages/);
    expect(message).not.toContain("PERMISSION");
  });

  test("is told, and not refused, when nobody but the account's members could log in", async () => {
    const members = await startAccount(239, { loginMethods: ["cloudflare"] });
    await stack.setAllConfig(configOf(members), true);
    const { stdout } = await stack.preview();
    expect(stdout).toContain("warning: CLOUDFLARE_LOGIN_LIMITED");
    expect(stdout).toMatch(
      /one\.dash\.cloudflare\.com\/[0-9a-f]{32}\/settings\/authentication.*One-time PIN/,
    );
    await stack.setAllConfig(configOf(account), true);
    expect((await stack.preview()).stdout).not.toContain("CLOUDFLARE_LOGIN_LIMITED");
  });

  test("is refused where it is full, before anything is made, unless what fills it is the stack's own", async () => {
    const full = await startAccount(241);
    const tokens = `/accounts/${full.local.accountId}/access/service_tokens`;
    const add = (name: string) => full.client.post<{ result: { id: string } }>(tokens, { body: { name } });
    for (let token = 0; token < 48; token++) await add(`other-${token}`);
    const [before, last] = [await add("before"), await add("last")];
    await stack.setAllConfig(configOf(full), true);
    await expect(stack.preview()).rejects.toThrow(
      /ACCOUNT_FULL[\s\S]*50 of the 50 service tokens of an account, and 1 more/,
    );
    expect(full.local.calls.filter(({ path, method }) => method !== "GET" && path !== tokens)).toEqual([]);
    const { name } = stack;
    await full.client.put(`${tokens}/${last.result.id}`, { body: { name: `openclaw-${name}-cli` } });
    expect((await stack.preview()).stdout).not.toContain("LEFT_OVER");
    await full.client.put(`${tokens}/${before.result.id}`, { body: { name: `openclaw-${name}-cli` } });
    expect((await stack.preview()).stdout).toContain("warning: LEFT_OVER: the account has 2 service tokens");
    await stack.setAllConfig(configOf(account), true);
  });

  test("is asked with reads alone", async () => {
    const start = account.local.calls.length;
    expect(await refusal({})).toBe("no refusal");
    const calls = account.local.calls.slice(start);
    expect(calls.length).toBeLessThan(25);
    expect(calls.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("is asked again after one 5xx", async () => {
    account.local.faults.failOnce("GET", /\/workers\/subdomain$/, 503);
    expect(await refusal({})).toBe("no refusal");
  });

  test("is not asked on and on when the budget is spent", async () => {
    account.local.faults.budget(3);
    const message = await refusal({}).finally(() => account.local.faults.clear());
    expect(message).toMatch(/CLOUDFLARE_BUSY: Cloudflare answered 429 [\s\S]*wait five minutes/);
  });
});

describe("the config", () => {
  /** The stack file that a person wrote by hand, and what the CLI says to it. */
  const preview = async (settings: Record<string, unknown>) => {
    await stack.setAllConfig(configOf(account), true);
    const file = join(workspace.folder, "Pulumi.bad.yaml");
    const before = await readFile(file, "utf8");
    const lines = Object.entries(settings).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
    const written = before.replace(/^config:\n/m, `config:\n${lines.join("")}`);
    await writeFile(file, written);
    return pulumiCli({ engine, workspace }, "preview", "--stack", "bad");
  };
  const removed = async (...keys: string[]) => {
    await stack.removeAllConfig(keys, true);
  };

  test("with a misspelt key is mended by the line that is shown, at the top and further in", async () => {
    const { output } = await preview({ "openclaw-gateway:workersSubdomian": "family" });
    expect(output).toContain('workersSubdomian: not a key of this project; did you mean "workersSubdomain"?');
    const line = /^ *(npx pulumi config get .*)$/m.exec(output)?.[1] ?? "";
    const env = { ...process.env, ...workspace.env };
    const shell = `npx() { shift; ${engine.command} "$@" --stack bad; }; ${line}`;
    await promisify(execFile)("sh", ["-c", shell], { cwd: workspace.folder, env });
    expect((await stack.getConfig("openclaw-gateway:workersSubdomain")).value).toBe("family");
    await stack.preview();
    await removed("openclaw-gateway:workersSubdomain");
  });

  test("of a wrong type at the top is refused by Pulumi itself, from what Pulumi.yaml says", async () => {
    const { output, code } = await preview({ "openclaw-gateway:serviceTokens": "cli" });
    expect(code).not.toBe(0);
    expect(output).toContain("configuration key 'serviceTokens' must be of type 'array<object>'");
    await removed("openclaw-gateway:serviceTokens");
  });

  test("with two problems further in hears of both at once, and of no secret", async () => {
    await stack.setAllConfig(
      {
        ...configOf(account),
        "openclaw-gateway:pi.hsot": { value: "192.0.2.7" },
        "openclaw-gateway:pi.privateKey": { value: "no-key-but-private", secret: true },
      },
      true,
    );
    const { output } = await pulumiCli({ engine, workspace }, "preview", "--stack", "bad");
    await removed("openclaw-gateway:pi.hsot", "openclaw-gateway:pi.privateKey");
    expect(output).toContain('CONFIG_INVALID: the config of stack "bad" has 2 problems');
    expect(output).toContain('pi.hsot: not a key of this project; did you mean "host"?');
    expect(output).toContain("pi.privateKey: something else (not shown: it is a secret)");
    expect(output).not.toContain("no-key-but-private");
  });

  test("asks for the right passphrase when it is wrong, and for one when there is none", async () => {
    for (const passphrase of ["wrong", ""]) {
      const other = { ...workspace, env: { ...workspace.env, PULUMI_CONFIG_PASSPHRASE: passphrase } };
      const { output, code } = await pulumiCli({ engine, workspace: other }, "preview", "--stack", "bad");
      expect(code).not.toBe(0);
      expect(output).toContain("incorrect passphrase");
    }
    const { PULUMI_CONFIG_PASSPHRASE: _, ...env } = workspace.env;
    const { output } = await pulumiCli(
      { engine, workspace: { ...workspace, env } },
      "preview",
      "--stack",
      "bad",
    );
    expect(output).toContain("passphrase must be set with PULUMI_CONFIG_PASSPHRASE");
  });
});
