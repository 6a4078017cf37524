import { describe, expect, test } from "vitest";
import { joined } from "./testing/joined.ts";

const { exchange, exchangedBytes, modelOf, placeOfKey } = await joined(
  ["openclaw-config.mjs", "openclaw-keys.mjs", "model-keys.mjs"],
  // JSON5 is a part of JavaScript; OpenClaw's own parser is on the Pi alone.
  'const JSON5 = { parse: (text) => new Function("return (" + text + "\\n)")() };',
);

const old = "sk-old-0123456789";
const next = "sk-new-9876543210";
const withKey = (apiKey: unknown, more = {}) => ({
  models: { providers: { stub: { apiKey, ...more } } },
  secrets: { providers: { filed: { source: "file", path: "~/keys.json" } } },
});
const withKeyAlone = (apiKey: string) => ({ models: { providers: { stub: { apiKey } } } });
const place = (apiKey: unknown, sources = {}, more = {}) =>
  placeOfKey(withKey(apiKey, more), "stub", sources);

describe("where a provider's key is", () => {
  test("is openclaw.json, where it holds a key", () => {
    expect(place(old)).toEqual({ key: old });
    expect(place("id:and-secret")).toEqual({ key: "id:and-secret" });
    expect(place("9F3A77C1D0")).toEqual({ key: "9F3A77C1D0" });
  });

  test.each([
    [{ source: "env", provider: "default", id: "STUB_KEY" }, /variable STUB_KEY.*gateway restart/],
    [{ source: "file", provider: "filed", id: "/stub" }, /provider filed.*keys\.json.*secrets reload/],
    [{ source: "exec", provider: "vault", id: "stub" }, /command of the secret provider vault/],
    [{ source: "store", provider: "default", id: "STUB_KEY" }, /secrets store set STUB_KEY/],
    [`\${STUB_KEY}`, /variable STUB_KEY/],
    ["$STUB_KEY", /variable STUB_KEY/],
    ["STUB_API_KEY", /variable STUB_API_KEY/],
    [`prefix-\${STUB_KEY}`, /variable STUB_KEY/],
    [undefined, /not in openclaw\.json/],
    ["ollama-local", /not in openclaw\.json/],
  ])("is elsewhere with %j, and said with the way to change it", (apiKey, words) => {
    const found = place(apiKey);
    expect(found).not.toHaveProperty("key");
    expect(`${found.words}; ${found.mend}`).toMatch(words);
  });

  test("is what OpenClaw takes before openclaw.json's, unless the provider says otherwise", () => {
    const profiles = { profiles: ["stub:manual"] };
    expect(place(old, profiles).words).toContain("auth store, as stub:manual");
    expect(place(old, profiles).mend).toContain("openclaw models auth paste-api-key --provider stub");
    expect(place(old, { profiles: [], variable: "STUB_KEY" }).words).toContain("variable STUB_KEY");
    expect(place(old, { ...profiles, variable: "STUB_KEY" }, { auth: "api-key" })).toEqual({ key: old });
    expect(place("stub:manual", profiles, { auth: "api-key" }).words).toContain("auth store");
  });
});

describe("one key in another's place", () => {
  const exchanged = (text: string, key = old) =>
    exchangedBytes(Buffer.from(text), "stub", key, next).toString();
  const text = (key: string, more = "") =>
    `// mine\n{ models: { providers: { stub: { apiKey: ${key} } } }${more} }\n`;

  test("leaves comments and all else of the text", () => {
    const more = (key: string) => `, b: ["${key}"], c: "${old}-2"`;
    expect(exchanged(text(`'${old}'`, more(old)))).toBe(text(`'${next}'`, more(next)));
  });

  test("reaches a key that is written in another way", () => {
    expect(JSON.parse(exchanged(text('"\\x73k-old-0123456789"')))).toEqual(withKeyAlone(next));
  });

  test("is everywhere where it stands, a list as a whole", () => {
    const config = { ...withKeyAlone(old), env: { vars: { K: old } }, list: [{ k: old }], other: `${old}-2` };
    expect(exchange(config, "stub", old, next)).toEqual([
      [["models", "providers", "stub", "apiKey"], next],
      [["env", "vars", "K"], next],
      [["list"], [{ k: next }]],
    ]);
  });

  test("does not take another word for it when it is short", () => {
    expect(exchange({ ...withKeyAlone("main"), agent: "main" }, "stub", "main", next)).toHaveLength(1);
    const more = ', agent: "main"';
    expect(exchanged(text('"main"', more), "main")).toBe(text(`"${next}"`, more));
  });
});

test("a model is the one that an agent uses, else the provider's first", () => {
  const models = { providers: { stub: { models: [{ id: "first" }] } } };
  expect(modelOf({ models }, "stub")).toBe("stub/first");
  const agents = { defaults: { model: { primary: "other/x", fallbacks: ["stub/second"] } } };
  expect(modelOf({ models, agents }, "stub")).toBe("stub/second");
  expect(modelOf({ models, agents: { defaults: { models: { "stub/third": {} } } } }, "stub")).toBe(
    "stub/third",
  );
  expect(modelOf({ models: { providers: { stub: {} } } }, "stub")).toBeUndefined();
});
