import { describe, expect, onTestFinished, test } from "vitest";
import { apiKey } from "./api-key.ts";
import { finish, finishable } from "./finish.ts";
import type { Kind } from "./kind.ts";
import { rotate, unfinished } from "./rotate.ts";
import { readScene } from "./scene.ts";
import { serviceToken } from "./service-token.ts";
import { fakeStack, leastConfig, refusedByAccess, taken, wrongKey } from "./testing/fake-stack.ts";

const old = "old-key-0123456789-0123456789-0123456789";
const good = {
  ...leastConfig,
  "openclaw-gateway:apiKeys": { current: old },
};
/** Without the one call to Cloudflare, which there is none of here. */
const cli: Kind = { ...serviceToken("cli"), afterUp: async () => {} };
const both = [cli, apiKey];

async function home(own: Record<string, unknown> = good) {
  const fake = await fakeStack(own);
  onTestFinished(() => fake.remove());
  const tokens = async () =>
    (await fake.config())["openclaw-gateway:serviceTokens"] as {
      secretVersion: number;
      previousSecretExpiresAt: string;
    }[];
  const keys = async () =>
    (await fake.config())["openclaw-gateway:apiKeys"] as { current: string; previous?: string };
  const scene = () => readScene(fake.stack);
  return { fake, tokens, keys, scene };
}

describe("a rotation", () => {
  test("asks for all of it at once, proves the new ones, and remembers the old until their time is over", async () => {
    const { fake, tokens, keys, scene } = await home();
    const until = "2030-01-02T00:00:00Z";
    const { rotated, ended } = await rotate(fake.stack, both, 24, fake.around);
    expect(rotated).toEqual([
      { target: "service-token:cli", oldUntil: until },
      { target: "api-key", oldUntil: until },
    ]);
    expect(ended).toEqual([]);
    expect(await tokens()).toMatchObject([{ secretVersion: 2, previousSecretExpiresAt: until }]);
    expect(await keys()).toMatchObject({ previous: old });
    expect((await keys()).current).not.toBe(old);
    expect(fake.calls.filter((call) => call === "up")).toHaveLength(1);
    expect((await scene()).record.kept).toEqual({ "service-token:cli": "secret-1", "api-key": old });

    expect(finishable(await scene(), both, fake.around, false)).toEqual([]);
    fake.now = new Date(until);
    const over = finishable(await scene(), both, fake.around, false);
    expect(over).toEqual(both);
    fake.answer = (secret, key) => (secret === "secret-1" ? refusedByAccess : key === old ? wrongKey : taken);
    expect(await finish(fake.stack, over, fake.around)).toMatchObject({
      ended: ["service-token:cli", "api-key"],
    });
    expect((await keys()).previous).toBeUndefined();
    expect((await scene()).record).toMatchObject({ pending: {}, kept: {} });
  });

  test("with no overlap ends the old ones only once the new ones are seen to work", async () => {
    const { fake, tokens } = await home();
    const seen: string[] = [];
    fake.onUp = async () => void seen.push((await tokens())[0]?.previousSecretExpiresAt ?? "");
    fake.answer = (secret) => (secret === "secret-1" ? refusedByAccess : taken);
    expect(await rotate(fake.stack, [cli], 0, fake.around)).toMatchObject({ ended: ["service-token:cli"] });
    expect(seen).toEqual(["2030-01-01T01:00:00Z", "2030-01-01T00:00:00Z"]);
  });

  test("that is not proven stays begun, and goes on without another new secret", async () => {
    const { fake, tokens, keys, scene } = await home();
    fake.answer = (_secret, key) => (key === old ? taken : wrongKey);
    await expect(rotate(fake.stack, both, 24, fake.around)).rejects.toThrow(
      /^ROTATION_UNPROVEN.*API_KEY_WRONG/s,
    );
    const { current } = await keys();
    expect(unfinished(await scene(), both)).toEqual([apiKey]);
    expect(Object.keys((await scene()).record.rotated)).toEqual(["service-token:cli"]);
    fake.answer = () => taken;
    await rotate(fake.stack, [apiKey], 24, fake.around);
    expect(await keys()).toEqual({ current, previous: old });
    expect(await tokens()).toMatchObject([{ secretVersion: 2 }]);
  });

  test("that an up cuts goes on where it was", async () => {
    const { fake, tokens, scene } = await home();
    fake.onUp = () => Promise.reject(new Error("the lights went out"));
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow("the lights");
    expect(unfinished(await scene(), both)).toEqual([cli]);
    fake.onUp = () => {};
    await rotate(fake.stack, [cli], 24, fake.around);
    expect(await tokens()).toMatchObject([{ secretVersion: 2 }]);
  });

  test("that was cut for longer than its overlap gives the old one another one", async () => {
    const { fake, tokens } = await home();
    fake.onUp = () => Promise.reject(new Error("the lights went out"));
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow("the lights");
    fake.now = new Date("2030-02-01T00:00:00Z");
    fake.onUp = () => {};
    expect(await rotate(fake.stack, [cli], 24, fake.around)).toMatchObject({
      rotated: [{ target: cli.target, oldUntil: "2030-02-02T00:00:00Z" }],
    });
    expect(await tokens()).toMatchObject([
      { secretVersion: 2, previousSecretExpiresAt: "2030-02-02T00:00:00Z" },
    ]);
  });

  test("whose end is cut before it is built is built by the next run", async () => {
    const { fake, keys, scene } = await home();
    await rotate(fake.stack, [apiKey], 24, fake.around);
    let isBuilt = false;
    fake.answer = (_secret, key) => (isBuilt && key === old ? wrongKey : taken);
    fake.onUp = () => Promise.reject(new Error("the lights went out"));
    await expect(finish(fake.stack, [apiKey], fake.around)).rejects.toThrow("the lights");
    expect((await keys()).previous).toBeUndefined();
    const left = finishable(await scene(), both, fake.around, false);
    expect(left).toEqual([apiKey]);
    fake.onUp = () => {
      isBuilt = true;
    };
    expect(await finish(fake.stack, left, fake.around)).toMatchObject({ ended: ["api-key"] });
  });

  test("that is interrupted stops after the step it is in, and goes on later", async () => {
    const { fake, tokens, scene } = await home();
    const interruption = new AbortController();
    fake.onUp = () => interruption.abort();
    const stopped = rotate(fake.stack, [cli], 24, { ...fake.around, signal: interruption.signal });
    await expect(stopped).rejects.toThrow("Interrupted");
    expect(unfinished(await scene(), both)).toEqual([cli]);
    fake.onUp = () => {};
    expect(await rotate(fake.stack, [cli], 24, fake.around)).toMatchObject({
      rotated: [{ target: cli.target }],
    });
    expect(await tokens()).toMatchObject([{ secretVersion: 2 }]);
  });

  test("is refused while an old one goes on", async () => {
    const { fake } = await home();
    await rotate(fake.stack, [cli], 24, fake.around);
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow("ROTATION_PENDING");
  });

  test("of the API key is refused within the overlap, with its end, and the older key stays", async () => {
    const { fake, keys } = await home();
    await rotate(fake.stack, [apiKey], 24, fake.around);
    const before = await keys();
    const again = rotate(fake.stack, [apiKey], 24, fake.around);
    await expect(again).rejects.toThrow(/^ROTATION_PENDING.*api-key \(until 2030-01-02T00:00:00Z\)/s);
    await expect(again).rejects.toThrow("--finish; with --overlap 0 as well that ends it now");
    expect(await keys()).toEqual(before);
    expect(before.previous).toBe(old);
  });

  test("does not take the place of an older API key that somebody has set by hand", async () => {
    const byHand = { current: old, previous: "older-key-0123456789-0123456789-01234567" };
    const { fake, keys } = await home({ ...good, "openclaw-gateway:apiKeys": byHand });
    const rotating = rotate(fake.stack, [apiKey], 24, fake.around);
    await expect(rotating).rejects.toThrow(/^ROTATION_PENDING.*apiKeys.previous/s);
    await expect(rotating).rejects.toThrow(
      "npx pulumi config rm --path openclaw-gateway:apiKeys.previous --stack home",
    );
    expect(await keys()).toEqual(byHand);
    expect(fake.calls).not.toContain("up");
  });

  test("whose old one is still taken is not over", async () => {
    const { fake, scene } = await home();
    await rotate(fake.stack, [cli], 24, fake.around);
    await expect(finish(fake.stack, [cli], fake.around)).rejects.toThrow("ROTATION_OLD_ACCEPTED");
    expect((await scene()).record.pending).toHaveProperty("service-token:cli");
  });

  test("whose config would be wrong leaves the file as it was", async () => {
    const { fake } = await home();
    const before = await fake.config();
    const broken: Kind = {
      ...cli,
      begin: () => ({
        changes: [{ key: "openclaw-gateway:serviceTokens", value: [{ name: "A" }] }],
        kept: "x",
      }),
    };
    await expect(rotate(fake.stack, [broken], 24, fake.around)).rejects.toThrow("CONFIG_INVALID");
    expect(await fake.config()).toEqual(before);
  });
});
