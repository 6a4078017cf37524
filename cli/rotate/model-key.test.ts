import { describe, expect, onTestFinished, test } from "vitest";
import { Refusal } from "../../infra/refusal.ts";
import { modelKeysIn, type OnPi, rotateModelKey } from "./model-key.ts";
import { wellFormed } from "./new-key.ts";
import { readScene } from "./scene.ts";
import { fakeStack, leastConfig as good } from "./testing/fake-stack.ts";

const key = "sk-new-0123456789abcdef";
const stub = { id: "stub", kept: "in openclaw.json", here: true };
const referred = { id: "vaulted", kept: "in the environment variable VAULTED_KEY", here: false };

async function home(change: Partial<OnPi> = {}, own: Record<string, unknown> = good) {
  const fake = await fakeStack(own);
  onTestFinished(() => fake.remove());
  const given: string[] = [];
  const onPi: OnPi = {
    list: async () => [stub, referred],
    async replace(_scene, provider, newKey) {
      given.push(`${provider} ${newKey}`);
      return { model: `${provider}/first`, left: [] };
    },
    ...change,
  };
  const rotated = (target = "model-key") => rotateModelKey(fake.stack, target, key, fake.around, onPi);
  const record = async () => (await readScene(fake.stack)).record;
  return { fake, given, onPi, rotated, record };
}

describe("a model provider's key", () => {
  test("goes to the one provider that has its key in openclaw.json, and is remembered by its time alone", async () => {
    const { given, rotated, record, fake } = await home();
    expect(await rotated()).toEqual({
      target: "model-key:stub",
      note: "stub/first has answered with the new one, the old one is in no file of OpenClaw's any more. Revoke it in the console of stub",
    });
    expect(given).toEqual([`stub ${key}`]);
    expect(await record()).toEqual({
      pending: {},
      kept: {},
      rotated: { "model-key:stub": "2030-01-01T00:00:00Z" },
    });
    expect(JSON.stringify(await fake.config())).not.toContain(key);
  });

  test("names what still holds the old one", async () => {
    const left = ["agents/main/agent/models.json"];
    const { rotated } = await home({ replace: async () => ({ model: "stub/first", left }) });
    expect((await rotated("model-key:stub")).note).toContain("still in: agents/main/agent/models.json.");
  });

  test.each([
    [[stub, { ...stub, id: "other" }, referred], "npm run rotate -- --stack home model-key:stub"],
    [[referred], "replace it where it is"],
    [[], "none"],
  ])("is refused unless it is clear whose (%j)", async (providers, words) => {
    const { rotated, record } = await home({ list: async () => providers });
    const refused = rotated();
    await expect(refused).rejects.toThrow(/^MODEL_KEY_WHICH/);
    await expect(refused).rejects.toThrow(words);
    for (const { id, kept } of providers) await expect(refused).rejects.toThrow(`${id} (${kept})`);
    expect(await record()).toEqual({ pending: {}, kept: {}, rotated: {} });
  });

  test("that the Pi has refused or put back leaves nothing begun", async () => {
    const refusal = new Refusal("ROTATION_PUT_BACK", "the old key is back", "look");
    const { rotated, record } = await home({ replace: () => Promise.reject(refusal) });
    await expect(rotated()).rejects.toThrow("ROTATION_PUT_BACK");
    expect(await record()).toEqual({ pending: {}, kept: {}, rotated: {} });
  });

  test("whose run was cut is kept, and the next one goes on with it", async () => {
    let isUp = false;
    const given: string[] = [];
    const { fake, onPi, rotated, record } = await home({
      async replace(_scene, provider, newKey) {
        given.push(`${provider} ${newKey}`);
        if (!isUp) throw new Error("the connection to the Pi was lost");
        return { model: "stub/first", left: [] };
      },
    });
    await expect(rotated()).rejects.toThrow(/^ROTATION_UNPROVEN.*connection/s);
    const cut = await record();
    expect(cut).toMatchObject({ kept: { "model-key:stub": key }, rotated: {} });
    expect(modelKeysIn(cut)).toEqual(["model-key:stub"]);
    isUp = true;
    await rotateModelKey(fake.stack, "model-key:stub", undefined, fake.around, onPi);
    expect(given).toEqual([`stub ${key}`, `stub ${key}`]);
    expect((await record()).pending).toEqual({});
  });

  test("is not to be had from a Pi that is abandoned", async () => {
    const pi = { ...good["openclaw-gateway:pi"], abandoned: true };
    const { rotated } = await home({}, { ...good, "openclaw-gateway:pi": pi });
    await expect(rotated()).rejects.toThrow("ROTATION_NOT_POSSIBLE");
  });
});

test.each([
  ["", "no new key came"],
  ["short", "5 characters"],
  ["sk-two words-0123456789", "without a space"],
  ["sk-two\nlines-0123456789", "on one line"],
  ['"sk-quoted-0123456789"', "take it for"],
  [`\${STUB_KEY}`, "take it for"],
  ["STUB_API_KEY", "take it for"],
  ["__OPENCLAW_REDACTED__", "take it for"],
])("what is no key is refused before anything is asked of the Pi (%j)", (text, words) => {
  expect(() => wellFormed(text)).toThrow(words);
  if (text.length > 8) expect(() => wellFormed(text)).not.toThrow(text);
});
