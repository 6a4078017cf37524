import { describe, expect, onTestFinished, test } from "vitest";
import { finish } from "./finish.ts";
import type { Kind } from "./kind.ts";
import { rotate, unfinished } from "./rotate.ts";
import { readScene } from "./scene.ts";
import { serviceToken } from "./service-token.ts";
import { standingIn } from "./standing.ts";
import { fakeStack, leastConfig, refusedByAccess, taken } from "./testing/fake-stack.ts";
import { farewell } from "./words.ts";

const target = "service-token:cli";

/** A stack, and its service token without the one call to Cloudflare, which there is none of here. */
async function home() {
  const fake = await fakeStack(leastConfig);
  onTestFinished(() => fake.remove());
  const refreshed: string[] = [];
  const cli: Kind = { ...serviceToken("cli"), afterUp: async () => void refreshed.push(target) };
  const version = async () =>
    ((await fake.config())["openclaw-gateway:serviceTokens"] as { secretVersion: number }[])[0]
      ?.secretVersion;
  const record = async () => (await readScene(fake.stack)).record;
  return { fake, cli, refreshed, version, record };
}

describe("a service token whose new secret was lost on its way", () => {
  test("is not taken for replaced: the old one would prove itself", async () => {
    const { fake, cli, refreshed, record } = await home();
    fake.secret = () => "secret-1";
    const asked: string[] = [];
    fake.answer = (secret) => {
      asked.push(secret);
      return taken;
    };
    const rotating = rotate(fake.stack, [cli], 24, fake.around);
    await expect(rotating).rejects.toThrow(/^ROTATION_NOT_NEW.*has the old one still/s);
    await expect(rotating).rejects.toThrow("until 2030-01-02T00:00:00Z");
    await expect(rotating).rejects.toThrow("npm run rotate -- --stack home service-token:cli --overlap 0");
    expect([asked, refreshed]).toEqual([[], []]);
    expect(await record()).toMatchObject({
      rotated: {},
      pending: { [target]: { phase: "lost" } },
      kept: { [target]: "secret-1" },
    });
  });

  test("gets no further one unasked, since that ends the old one at once", async () => {
    const { fake, cli, version } = await home();
    fake.secret = () => "secret-1";
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow("ROTATION_NOT_NEW");
    const scene = await readScene(fake.stack);
    expect(unfinished(scene, [cli])).toEqual([cli]);
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow("ROTATION_NOT_NEW");
    expect(await version()).toBe(2);
    expect(fake.calls.filter((call) => call === "up")).toHaveLength(1);
    expect(standingIn("home", scene.record)).toEqual([
      expect.stringMatching(/does not have it.*rotate -- --stack home service-token:cli --overlap 0$/),
    ]);
  });

  test("gets another one by the command that is shown, and the old one is seen refused", async () => {
    const { fake, cli, version, record } = await home();
    fake.secret = (built) => (built === 2 ? "secret-1" : `secret-${built}`);
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow("ROTATION_NOT_NEW");
    fake.answer = (secret) => (secret === "secret-3" ? taken : refusedByAccess);
    expect(await rotate(fake.stack, [cli], 0, fake.around)).toEqual({
      rotated: [{ target }],
      ended: [target],
      untried: [],
    });
    expect(await version()).toBe(3);
    expect(await record()).toMatchObject({ pending: {}, kept: {} });
  });
});

describe("an adopted service token, whose secret the stack never knew", () => {
  test("is replaced, and nothing is claimed of the old one, which was not tried", async () => {
    const { fake, cli, record } = await home();
    fake.secret = (built) => (built === 1 ? undefined : `secret-${built}`);
    fake.answer = (secret) => (secret === "secret-2" ? taken : refusedByAccess);
    const outcome = await rotate(fake.stack, [cli], 24, fake.around);
    expect(outcome).toMatchObject({ rotated: [{ target, oldUntil: "2030-01-02T00:00:00Z" }], ended: [] });
    expect((await record()).kept).toEqual({});

    fake.now = new Date("2030-01-02T00:00:00Z");
    const asked: string[] = [];
    fake.answer = (secret) => {
      asked.push(secret);
      return taken;
    };
    const over = await finish(fake.stack, [cli], fake.around);
    expect(over).toEqual({
      rotated: [],
      ended: [],
      untried: [{ target, why: expect.stringContaining("could not be tried") }],
    });
    expect(asked).toEqual([]);
    const words = farewell("home", over, [cli]);
    expect(words).toContain("the old one: ended, and whether it is refused could not be tried");
    expect(words).not.toContain("the old one is refused");
    expect((await record()).pending).toEqual({});
  });

  test("says so too when the old one ends in the same run", async () => {
    const { fake, cli } = await home();
    fake.secret = (built) => (built === 1 ? undefined : `secret-${built}`);
    const outcome = await rotate(fake.stack, [cli], 0, fake.around);
    expect(outcome).toMatchObject({ rotated: [{ target }], ended: [], untried: [{ target }] });
    expect(farewell("home", outcome, [])).toMatch(/the new one works, the old one: ended, .*never knew it/);
  });

  test("that has no new one after all is not taken for replaced", async () => {
    const { fake, cli } = await home();
    fake.secret = () => undefined;
    await expect(rotate(fake.stack, [cli], 24, fake.around)).rejects.toThrow(
      /^ROTATION_NOT_NEW.*the stack has none/s,
    );
  });
});
