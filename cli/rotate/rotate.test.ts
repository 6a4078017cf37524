import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startConnector } from "../../rehearsal/cloudflare/testing/connector.ts";
import { type BuiltStack, buildStack } from "./testing/built-stack.ts";

const firstKey = "first-key-of-the-test-0123456789abcdef";

describe("npm run rotate", () => {
  let built: BuiltStack;

  beforeAll(async () => {
    built = await buildStack(241);
    await built.setSecret("openclaw-gateway:apiKeys.current", firstKey);
    await built.pulumi("up", "--yes", "--skip-preview");
  }, 300_000);
  afterAll(() => built?.close());

  test("replaces a service token's secret, the API key and the tunnel's token, each with its proof", async () => {
    const [oldToken = ""] = built.tunnelTokens;
    const { code, stdout, stderr } = await built.rotate("service-token", "api-key", "tunnel-token", "--json");
    console.log(stderr);
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
    expect(readFileSync(built.file, "utf8")).not.toContain(firstKey);
  }, 120_000);

  test("ends the old ones and sees them refused", async () => {
    const { code, stdout, stderr } = await built.rotate("--finish", "--overlap", "0", "--json");
    console.log(stderr);
    expect(JSON.parse(stdout)).toMatchObject({ ended: ["service-token:cli", "api-key"] });
    expect(code).toBe(0);
  }, 120_000);
});
