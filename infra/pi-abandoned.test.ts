import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FakeHost, startFakeHost } from "../rehearsal/providers/testing/fake-host.ts";
import { openTestStack, type TestStack } from "../rehearsal/providers/testing/stack.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { configSchema, type PiConfig } from "./config.ts";
import { Pi } from "./pi.ts";

describe("an abandoned Pi on the real engine", { timeout: 120_000 }, () => {
  let host: FakeHost;
  let stack: TestStack;

  const up = async (change: Partial<PiConfig> = {}, tunnelToken = "t") => {
    const config: PiConfig = {
      host: "127.0.0.1",
      port: host.port,
      user: "pi",
      hostKey: host.hostKey.split(" ").slice(0, 2).join(" "),
      privateKey: host.privateKey,
      openclawPort: 18789,
      ...change,
    };
    stack.use(async () => {
      const wanted = { origin: "https://home.example.com", endpoints: [] };
      const { auditLog, cloudflared, firewall } = configSchema.shape;
      const options = {
        auditLog: auditLog.parse({}),
        cloudflared: cloudflared.parse({}),
        firewall: firewall.parse({}),
      };
      const pi = new Pi("home", { config, stack: "home", wanted, tunnelToken, ...options });
      return { token: pi.gatewayToken, openclaw: pi.openclawVersion };
    });
    return stack.stack.up();
  };
  /** The steps that the host was told to do, in order. */
  const steps = () =>
    host.runs.splice(0).flatMap(({ command }) => / (\w+ (?:create|delete)) \w+$/.exec(command)?.[1] ?? []);
  const answer = (command: string) => ({
    stdout: `${command.includes(" openclaw ") ? '{"token":"t","openclaw":"2026.9.6"}' : '{"cloudflared":"2026.8.2"}'}\n`,
  });
  /** Nothing is there to dial: whoever tries fails. */
  const gone = { port: 9 };

  beforeAll(async () => {
    [host, stack] = await Promise.all([startFakeHost(), openTestStack("http://127.0.0.1:9/client/v4")]);
  }, 600_000);
  afterAll(async () => {
    await stack?.close();
    await host?.close();
  });
  beforeEach(() => {
    host.reply = answer;
    host.runs.length = 0;
  });

  test("is not contacted by an up, whatever changed, nor by a destroy", async () => {
    await up(gone).then(
      () => expect.unreachable(),
      () => {},
    );
    await up();
    expect(steps()).toEqual(["footprint create", "connector create", "openclaw create"]);
    const { outputs } = await up({ ...gone, abandoned: true, user: "other" }, "another");
    expect(outputs).toMatchObject({ token: { value: "t", secret: true }, openclaw: { value: "2026.9.6" } });
    await stack.stack.destroy();
    expect(steps()).toEqual([]);
    expect((await stack.stack.exportStack()).deployment.resources ?? []).toEqual([]);
  });

  longTest("that came back is the stack's again, without a step, and is cleaned by a destroy", async () => {
    await up();
    steps();
    await up({ abandoned: true });
    await expectNoDrift(stack.stack);
    const { summary } = await up();
    expect(summary.resourceChanges).toEqual({ same: 5 });
    expect(steps()).toEqual([]);
    await stack.stack.destroy();
    expect(steps()).toEqual(["footprint delete"]);
  });

  longTest("that failed in the middle is left by a destroy, or goes on when it came back", async () => {
    host.reply = (command) =>
      command.includes("connector create") ? { stderr: "APT_FAILED: no\n", status: 1 } : answer(command);
    await expect(up()).rejects.toThrow("APT_FAILED");
    expect(steps()).toEqual(["footprint create", "connector create"]);
    await up({ ...gone, abandoned: true });
    host.reply = answer;
    expect((await up()).outputs.token?.value).toBe("t");
    expect(steps()).toEqual(["connector create", "openclaw create"]);
    await stack.stack.destroy();
    expect(steps()).toEqual(["footprint delete"]);
  });
});
