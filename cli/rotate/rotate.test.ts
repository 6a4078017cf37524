import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startConnector } from "../../rehearsal/cloudflare/testing/connector.ts";
import { longTest } from "../../rehearsal/testing/long-test.ts";
import { watchProcesses } from "../../rehearsal/testing/watch.ts";
import { type BuiltStack, buildStack } from "./testing/built-stack.ts";

const firstKey = "first-key-of-the-test-0123456789abcdef";

describe("npm run rotate", () => {
  let built: BuiltStack;

  beforeAll(async () => {
    built = await buildStack(241);
    await built.setSecret("openclaw-gateway:apiKeys.current", firstKey);
    // A service token of a year expires within ten: it is due.
    await built.pulumi("config", "set", "--path", "openclaw-gateway:rotation.expiresWithinDays", "3650");
    await built.pulumi("up", "--yes", "--skip-preview");
  }, 300_000);
  afterAll(() => built?.close());

  test("replaces a service token's secret, the API key and the tunnel's token, each with its proof", async () => {
    const [oldToken = ""] = built.tunnelTokens;
    const secrets = { firstKey, oldToken, privateKey: built.host.privateKey.split("\n")[3] ?? "" };
    const watch = watchProcesses(() => secrets);
    const { code, stdout, stderr } = await built.rotate("service-token", "api-key", "tunnel-token", "--json");
    expect((await watch.stop()).found).toEqual([]);
    expect(stderr).toContain("trying the new");
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      rotated: [
        { target: "service-token:cli", oldUntil: expect.any(String) },
        { target: "api-key", oldUntil: expect.any(String) },
        { target: "tunnel-token" },
      ],
      ended: ["tunnel-token"],
    });
    expect(code).toBe(0);
    expect(built.tunnelTokens).toHaveLength(2);
    const late = await startConnector(oldToken, built.cloudflare.streetAddress);
    await late.logged(/Unauthorized/);
    await late.stop();
    for (const secret of Object.values(secrets))
      expect(stdout + stderr + readFileSync(built.file, "utf8")).not.toContain(secret);
  }, 180_000);

  test("ends the old ones and sees them refused", async () => {
    const { code, stdout } = await built.rotate("--finish", "--overlap", "0", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ ended: ["service-token:cli", "api-key"] });
    expect(code).toBe(0);
  }, 180_000);

  test("gives the Pi a model provider's new key from standard input, and keeps it nowhere", async () => {
    const newKey = "sk-next-0123456789abcdef";
    const asked: string[] = [];
    built.onPi = (command, stdin) => {
      if (!command.includes(" model-key create")) return undefined;
      asked.push(...(stdin.match(/^(?:order|provider|new_key) .*$/gm) ?? []));
      const providers = [{ id: "stub", kept: "in openclaw.json", here: true }];
      return {
        stdout: `${JSON.stringify(/^order list$/m.test(stdin) ? { providers } : { model: "stub/one", left: [] })}\n`,
      };
    };
    const watch = watchProcesses(() => ({ newKey }));
    const { code, stdout, stderr } = await built.rotateWith({ stdin: `${newKey}\n` }, "model-key", "--json");
    expect((await watch.stop()).found).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({
      rotated: [{ target: "model-key:stub", note: expect.stringContaining("stub/one has answered") }],
    });
    expect(code).toBe(0);
    expect(asked).toEqual(["order list", "order replace", "provider stub", `new_key ${newKey}`]);
    expect(stdout + stderr + readFileSync(built.file, "utf8")).not.toContain(newKey);
  }, 120_000);

  test("says what the Pi says of such a key, and that none came", async () => {
    built.onPi = () => ({
      status: 1,
      stderr: "OpenClaw: asking\nMODEL_KEY_REFUSED: stub/one did not answer\n  look at the key\n",
    });
    const given = { env: { MODEL_KEY: "sk-wrong-0123456789abcdef" } };
    const refused = await built.rotateWith(given, "model-key:stub", "--json");
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "MODEL_KEY_REFUSED" } });
    expect(refused.stderr).toContain("look at the key");
    expect(refused.code).toBe(1);
    built.onPi = undefined;
    const none = await built.rotate("model-key", "--json");
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: "MODEL_KEY_FORMAT" } });
  }, 120_000);

  longTest(
    "stops at Ctrl-C after the step it is in, and the next run goes on with the same new one",
    async () => {
      const keyOf = (which: string) =>
        built.pulumi("config", "get", "--path", `openclaw-gateway:apiKeys.${which}`);
      const before = await keyOf("current");
      let isStopping = false;
      const stopped = await built.rotateWith(
        {
          // Once: its end is told of too, and a second one would stop it in the middle.
          onStderr: (text, child) => {
            if (!isStopping && text.includes("pulumi up of")) isStopping = child.kill("SIGINT");
          },
        },
        "api-key",
        "--json",
      );
      expect(JSON.parse(stopped.stdout)).toMatchObject({
        error: {
          code: "INTERRUPTED",
          standing: [expect.stringMatching(/^api-key: a new one was asked for .* the old one is good/)],
        },
      });
      expect(stopped.code).toBe(130);
      const made = await keyOf("current");
      expect(made).not.toBe(before);
      const { stdout } = await built.rotate("api-key", "--json");
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, rotated: [{ target: "api-key" }] });
      expect([await keyOf("current"), await keyOf("previous")]).toEqual([made, before]);
    },
    120_000,
  );

  test("goes on with OpenClaw's own token where it was killed between the Pi and the Worker", async () => {
    const first = built.token();
    let rotating: ChildProcess | undefined;
    built.onPi = (command) => {
      if (command.includes(" gateway-token create")) rotating?.kill("SIGKILL");
      return undefined;
    };
    const hold = (_text: string, child: ChildProcess) => {
      rotating = child;
    };
    expect(await built.rotateWith({ onStderr: hold }, "gateway-token")).toMatchObject({ code: -1 });
    built.onPi = undefined;
    const second = built.token();
    expect(second).not.toBe(first);
    const { code, stdout } = await built.rotate("gateway-token", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ rotated: [{ target: "gateway-token" }] });
    expect(code).toBe(0);
    expect(built.token()).toBe(second);
    const times = JSON.parse(await built.pulumi("config", "get", "openclaw-gateway-rotation:times"));
    expect(times.pending).not.toHaveProperty("gateway-token");
  }, 180_000);

  test("tells what is due by its exit code, of all stacks", async () => {
    const { code, stdout } = await built.rotate("--all", "--due", "--json");
    const { due, secrets } = JSON.parse(stdout) as {
      due: boolean;
      secrets: { target: string; due: boolean }[];
    };
    expect(due).toBe(true);
    expect(secrets.map((one) => `${one.target} ${one.due}`)).toEqual([
      "service-token:cli true",
      "api-key false",
      "tunnel-token false",
      "gateway-token false",
      "model-key:stub false",
    ]);
    expect(code).toBe(3);
  });

  test("tells of stacks that cannot be looked at, and of the others all the same", async () => {
    const settings = join(built.desk.home, ".config/openclaw-gateway");
    const passphrase = { PULUMI_CONFIG_PASSPHRASE: "test" };
    const add = async (name: string, shell: string, config: string) => {
      await built.desk.pulumi(["stack", "init", name, "--no-select"], passphrase);
      await writeFile(join(settings, `${name}.env`), shell);
      await writeFile(join(built.desk.project, `Pulumi.${name}.yaml`), config);
    };
    const backend = `export PULUMI_BACKEND_URL=${built.desk.backend}\n`;
    // One whose passphrase is gone, and one whose file is broken.
    await add("anna", `${backend}export PULUMI_CONFIG_PASSPHRASE_FILE=${settings}/gone\n`, "config: {}\n");
    await add("ben", backend, "config: [\n");
    try {
      const { code, stdout, stderr } = await built.rotate("--all", "--due", "--json");
      const told = JSON.parse(stdout) as {
        failed: { stack: string; code: string; why: string }[];
        secrets: unknown[];
      };
      expect(told).toMatchObject({ ok: false, due: true });
      expect(told.secrets).toHaveLength(5);
      expect(told.failed.map((one) => `${one.stack} ${one.code}`)).toEqual([
        "anna PASSPHRASE_FILE",
        "ben PULUMI_FAILED",
      ]);
      for (const { stack, why } of told.failed) {
        expect(why.length).toBeGreaterThan(20);
        expect(stderr).toContain(`${stack} could not be looked at: `);
      }
      expect(code).toBe(1);
    } finally {
      for (const name of ["anna", "ben"]) {
        await writeFile(join(built.desk.project, `Pulumi.${name}.yaml`), "config: {}\n");
        await built.desk.pulumi(["stack", "rm", name, "--yes"], passphrase);
        await rm(join(settings, `${name}.env`));
      }
    }
  });

  longTest(
    "proves the tunnel's token and the API key without a service token, as far as can be seen",
    async () => {
      // The overlap that a test before may have left.
      expect(await built.rotate("--finish", "--overlap", "0")).toMatchObject({ code: 0 });
      await built.pulumi(
        "config",
        "set-all",
        "--json",
        JSON.stringify({ "openclaw-gateway:serviceTokens": { value: "[]", objectValue: [] } }),
      );
      const tokens = built.tunnelTokens.length;
      const { code, stdout } = await built.rotate("tunnel-token", "api-key", "--overlap", "0", "--json");
      expect(JSON.parse(stdout)).toMatchObject({
        rotated: [
          { target: "tunnel-token", seen: expect.stringMatching(/connector \S+ is connected at Cloudflare/) },
          {
            target: "api-key",
            seen: expect.stringContaining("Cloudflare has taken the Worker with the new one"),
          },
        ],
        ended: ["tunnel-token"],
        untried: [{ target: "api-key", why: expect.stringContaining("the Worker without it") }],
      });
      expect(code).toBe(0);
      expect(built.tunnelTokens).toHaveLength(tokens + 1);
    },
    180_000,
  );
});
