import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChatPage, chunk, DONE } from "../testing/chat-page.ts";

let chat: ChatPage;
beforeAll(async () => {
  chat = await ChatPage.start();
});
afterAll(() => chat?.close());
beforeEach(() => chat.open());

const names = () => chat.page.locator("#conversations .open").allTextContents();
/** How long a list may take to change. */
const SOON = { timeout: 20_000 };
const heading = () => chat.page.getByRole("heading", { level: 1 }).textContent();
const dialog = () => chat.page.getByRole("dialog");

describe("conversations", () => {
  it("are named by their first question, newest first, and are there again after a reload", async () => {
    await chat.converse("What is a tunnel?\nIn short.", "A passage.");
    await chat.button("New conversation").click();
    expect(await chat.page.locator("article").count()).toBe(0);
    await chat.converse("And a bridge?", "A way over.");
    expect(await names()).toEqual(["And a bridge?", "What is a tunnel?"]);
    expect(chat.asked[1]?.messages).toHaveLength(1);
    expect(chat.asked[1]?.user).not.toBe(chat.asked[0]?.user);
    await chat.picture("conversations");

    await chat.page.reload();
    expect(await chat.answers.allTextContents()).toEqual(["A way over."]); // the one that was open
    await chat.button("What is a tunnel?").click();
    expect(await chat.answers.allTextContents()).toEqual(["A passage."]);
    expect(await heading()).toBe("What is a tunnel?");
    await chat.converse("More.", "Longer.");
    expect(chat.asked[2]).toMatchObject({ user: chat.asked[0]?.user, messages: [{ content: "More." }] });
    expect(await names()).toEqual(["What is a tunnel?", "And a bridge?"]);
  });

  it("begin anew with Ctrl+Shift+O", async () => {
    await chat.converse("one", "first");
    await chat.page.keyboard.press("Control+Shift+O");
    expect(await chat.page.locator("article").count()).toBe(0);
    expect(await chat.draft.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("can be renamed and deleted, or not", async () => {
    await chat.converse("one", "first");
    await chat.button("Rename “one”").click();
    await chat.picture("rename");
    await dialog().getByRole("textbox").fill("Of tunnels");
    await chat.page.keyboard.press("Enter");
    await expect.poll(names, SOON).toEqual(["Of tunnels"]); // a dialog tells of its end once it is out of sight
    expect(await heading()).toBe("Of tunnels");

    await chat.button("Delete “Of tunnels”").click();
    await chat.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
    expect(await names()).toEqual(["Of tunnels"]);
    await chat.button("Delete “Of tunnels”").click();
    await dialog().getByRole("button", { name: "Delete" }).click();
    await expect.poll(names, SOON).toEqual([]);
    expect(await chat.page.locator("article").count()).toBe(0);
    await chat.page.reload();
    expect(await names()).toEqual([]);
  });

  it("go on while another one is on the page", async () => {
    const upstream = await chat.ask("Count.");
    upstream.write(chunk("one "));
    await chat.shown("one");
    await chat.button("New conversation").click();
    await chat.converse("Meanwhile?", "Yes.");
    upstream.write(chunk("two "));
    await chat.button("Count.").click();
    await chat.button("Stop").waitFor();
    await chat.shown("one two");
    upstream.end(`${chunk("three")}${DONE}`);
    await chat.shown("one two three");
    await chat.button("Send").waitFor();
  });

  it("keep what has come of an answer when the page goes away", async () => {
    const upstream = await chat.ask("Count.");
    upstream.write(chunk("one two"));
    await chat.shown("one two");
    await chat.page.reload();
    await chat.shown("one two");
    await chat.page.getByText("The answer broke off.").waitFor();
  });

  it("are the same in all tabs", async () => {
    const other = await chat.tab();
    await chat.page.bringToFront(); // a tab in the background is drawn once a second
    await chat.converse("one", "first");
    await other.bringToFront();
    await other.getByRole("button", { name: "one", exact: true }).click();
    expect(await other.locator("article.assistant .body").textContent()).toBe("first");
    await chat.page.bringToFront();
    await chat.converse("two", "second");
    await other.locator("article.assistant .body", { hasText: "second" }).waitFor();
    await chat.button("Delete “one”").click();
    await dialog().getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => other.locator("article").count(), SOON).toBe(0);
  });

  it("are each person's own in a browser of many", async () => {
    await chat.converse("my secret", "kept");
    await chat.draft.fill("half a thought");
    chat.edge.signIn("mel@example.com");
    await chat.page.reload();
    expect(await names()).toEqual([]);
    expect(await chat.draft.inputValue()).toBe("");
    await chat.page.getByText("mel@example.com").waitFor();
    expect(await chat.page.locator("body").textContent()).not.toContain("my secret");
    chat.edge.signIn();
    await chat.page.reload();
    expect(await names()).toEqual(["my secret"]);
    expect(await chat.draft.inputValue()).toBe("half a thought");
  });

  it("can all be deleted, and with the sign-out", async () => {
    expect(await chat.button("Delete all").count()).toBe(0); // nothing is there yet
    await chat.converse("one", "first");
    await chat.button("Delete all").click();
    await dialog().getByRole("button", { name: "Delete all" }).click();
    await expect.poll(names, SOON).toEqual([]);
    expect(await chat.button("Delete all").count()).toBe(0);
    await chat.converse("two", "second");
    await chat.button("Sign out").click();
    await dialog().getByRole("checkbox").check();
    await chat.picture("sign-out");
    await dialog().getByRole("button", { name: "Sign out" }).click();
    await chat.page.waitForURL(/\/cdn-cgi\/access\/logout$/);
    await chat.page.goto(new URL("/chat.html", chat.page.url()).href);
    expect(await names()).toEqual([]);
  });

  it("work in a browser that keeps nothing, and one that is full; both are said", async () => {
    const forbid = () =>
      Object.defineProperty(window, "localStorage", {
        get: () => {
          throw new DOMException("denied", "SecurityError");
        },
      });
    await chat.open({}, (context) => context.addInitScript(forbid));
    await chat.converse("one", "first");
    await chat.page.getByText("This browser keeps nothing for this page").waitFor();
    expect(await names()).toEqual(["one"]);

    await chat.open();
    await chat.page.evaluate(() => {
      for (let size = 5_000_000; size > 0; size = Math.floor(size / 2)) {
        try {
          while (true) localStorage.setItem(`filler${localStorage.length}`, "x".repeat(size));
        } catch {}
      }
    });
    await chat.converse("one", "first");
    await chat.page.getByText("This browser has no room for more.").waitFor();
    expect(await chat.answers.allTextContents()).toEqual(["first"]);
    expect(chat.complaints).toEqual([]);
  });

  it("of another version of the page, or spoilt, do no harm", async () => {
    await chat.converse("one", "first");
    await chat.page.evaluate(() => {
      const [key = ""] = Object.keys(localStorage);
      const start = key.slice(0, key.lastIndexOf("/") + 1);
      for (const [id, text] of Object.entries({ a: "{", b: "null", c: '{"id":"c","turns":[{}]}' }))
        localStorage.setItem(start + id, text);
    });
    await chat.page.reload();
    expect(await names()).toEqual(["one"]);
    expect(chat.complaints).toEqual([]);
  });
});
