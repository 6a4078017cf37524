import { describe, expect, it } from "vitest";
import { assistantsOf } from "./assistants.ts";
import { type Conversation, isConversation, nameOf, newConversation, type Turn } from "./conversation.ts";
import { askingOf } from "./session.ts";
import { ConversationStore, type Shelf } from "./store.ts";

const NOW = 1_800_000_000_000;
const turn = (question: string, answer: string, ending: Turn["ending"] = "whole"): Turn => ({
  question,
  answer,
  ending,
});
const conversation = (more: Partial<Conversation>): Conversation => ({ ...newConversation(), ...more });

describe("what is sent for a question", () => {
  const session = { user: "u-1", model: "openclaw/main", usedAt: NOW - 60_000 };
  const turns = [turn("one", "first"), turn("two", "second")];
  const whole = ["one", "first", "two", "second", "three"];
  const texts = (more: Partial<Conversation>, model = "openclaw/main") =>
    askingOf(conversation({ turns, ...more }), "three", model, NOW).messages.map(({ content }) => content);

  it("is the question alone, where OpenClaw remembers the rest", () => {
    expect(askingOf(conversation({ turns, session }), "three", "openclaw/main", NOW)).toEqual({
      user: "u-1",
      messages: [{ role: "user", content: "three" }],
    });
  });

  it("is the whole conversation, in a new session, where it may not", () => {
    expect(texts({})).toEqual(whole);
    expect(texts({ session }, "openclaw/other")).toEqual(whole);
    expect(texts({ session: { ...session, usedAt: NOW - 31 * 60_000 } })).toEqual(whole);
    const { user } = askingOf(conversation({ turns, session }), "three", "openclaw/other", NOW);
    expect(user).not.toBe("u-1");
  });

  it("leaves out what had no answer, and what is older than fits", () => {
    expect(texts({ turns: [turn("one", "", "broken"), turn("two", "sec", "stopped")] })).toEqual([
      "two",
      "sec",
      "three",
    ]);
    const long = "x".repeat(120_000);
    expect(texts({ turns: [turn("old", long), turn("new", long)] })).toEqual(["new", long, "three"]);
  });
});

describe("the conversations that a browser keeps", () => {
  const shelf = (room = Number.POSITIVE_INFINITY): Shelf & { readonly kept: Map<string, string> } => {
    const kept = new Map<string, string>();
    return {
      kept,
      get length() {
        return kept.size;
      },
      key: (index) => [...kept.keys()][index] ?? null,
      getItem: (key) => kept.get(key) ?? null,
      setItem(key, value) {
        if (value.length > room) throw new DOMException("full", "QuotaExceededError");
        kept.set(key, value);
      },
      removeItem: (key) => void kept.delete(key),
    };
  };

  it("are there again for the same identity, newest first, and for no other", () => {
    const browser = shelf();
    const store = new ConversationStore(browser, "person:ada@example.com");
    expect(store.save(conversation({ id: "a", changedAt: 1 }))).toBe(true);
    store.save(conversation({ id: "b", changedAt: 2 }));
    const again = new ConversationStore(browser, "person:ada@example.com");
    expect(again.all().map(({ id }) => id)).toEqual(["b", "a"]);
    for (const other of ["person:ada@example.co", "person:ada@example.com/", "", "service:ada@example.com"])
      expect(new ConversationStore(browser, other).all()).toEqual([]);
  });

  it("go one by one, or all of one identity", () => {
    const browser = shelf();
    const [ada, mel] = ["ada", "mel"].map((name) => new ConversationStore(browser, name));
    for (const id of ["a", "b", "c"]) ada?.save(conversation({ id }));
    mel?.save(conversation({ id: "d" }));
    ada?.delete("a");
    expect(ada?.all()).toHaveLength(2);
    expect(browser.kept.size).toBe(3);
    ada?.clear();
    expect(ada?.all()).toEqual([]);
    expect([...browser.kept.keys()]).toEqual(["chat/1/mel/d"]);
  });

  it("are still there for this page when the browser is full or keeps nothing", () => {
    for (const browser of [shelf(10), undefined]) {
      const store = new ConversationStore(browser, "ada");
      expect(store.save(conversation({ id: "a" }))).toBe(false);
      expect(store.get("a")).toBeDefined();
    }
  });

  it.each([
    null,
    1,
    [],
    {},
    { ...newConversation(), id: "" },
    { ...newConversation(), changedAt: "1" },
    { ...newConversation(), turns: [{ question: "a", answer: "b", ending: "odd" }] },
    { ...newConversation(), model: 1 },
    { ...newConversation(), session: { user: 1 } },
  ])("are not taken from what is none: %j", (value) => {
    expect(isConversation(value)).toBe(false);
  });

  it.each([
    ["What is a tunnel?", "What is a tunnel?"],
    ["  First line\nsecond", "First line"],
    [`${"word ".repeat(30)}`, `${"word ".repeat(11)}word…`],
    ["x".repeat(100), `${"x".repeat(60)}…`],
    [`${"x".repeat(59)}🙂🙂`, `${"x".repeat(59)}…`],
  ])("are named by their first question: %j", (question, name) => {
    expect(nameOf(question)).toBe(name);
  });
});

it.each([
  [["openclaw", "openclaw/default", "openclaw/main"], ["Main=openclaw/default"]],
  [["openclaw/web"], ["Web=openclaw/web"]],
  [["openclaw", "openclaw/web"], ["Web=openclaw"]],
  [["openclaw"], ["Default=openclaw"]],
  [
    ["openclaw", "openclaw/default", "openclaw/main", "openclaw/web"],
    ["Default=openclaw/default", "Main=openclaw/main", "Web=openclaw/web"],
  ],
  [[], []],
])("of the models %j one may choose %j", (models, assistants) => {
  expect(assistantsOf(models).map(({ name, model }) => `${name}=${model}`)).toEqual(assistants);
});
