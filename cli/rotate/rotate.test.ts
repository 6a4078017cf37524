import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startConnector } from "../../rehearsal/cloudflare/testing/connector.ts";
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
    ]);
    expect(code).toBe(3);
  });
});
