import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChatPage, chunk, DONE } from "../testing/chat-page.ts";

let chat: ChatPage;
beforeAll(async () => {
  chat = await ChatPage.start();
});
afterAll(() => chat?.close());
beforeEach(() => chat.open());

describe("the chat page", () => {
  it("shows an answer as it arrives, and says it once it is whole", async () => {
    await chat.picture("empty");
    const upstream = await chat.ask("What is a tunnel?");
    upstream.write(chunk("A passage "));
    await chat.shown("A passage");
    expect(await chat.page.getByRole("log").getAttribute("aria-busy")).toBe("true");
    expect(await chat.page.getByRole("status").textContent()).toBe("Waiting for the answer.");
    await chat.picture("streaming");
    upstream.end(`${chunk("through a *hill*.")}${DONE}`);
    await chat.page.getByRole("status").getByText("Answer: A passage through a hill.").waitFor();
    expect(await chat.page.getByRole("log").getAttribute("aria-busy")).toBe("false");
    expect(chat.asked[0]).toMatchObject({ model: "openclaw/default", stream: true });
    expect(chat.asked[0]?.messages).toEqual([{ role: "user", content: "What is a tunnel?" }]);
    expect(chat.complaints).toEqual([]);
  });

  it("leaves what is selected alone while the answer grows", async () => {
    const upstream = await chat.ask("Tell me.");
    upstream.write(chunk("First words.\n\nSecond **par"));
    await chat.shown("Second");
    await chat.page.evaluate(() => {
      const [first, second] = document.querySelectorAll(".assistant p");
      const range = document.createRange();
      range.setStart(first?.firstChild as Text, 6);
      range.setEnd(second?.firstChild as Text, 6);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
    });
    for (const piece of ["agraph** grows", " and grows", ".\n\n- and\n- more", "\n\nend"])
      upstream.write(chunk(piece));
    await chat.shown("end");
    expect(await chat.page.evaluate(() => getSelection()?.toString())).toBe("words.\n\nSecond");
    upstream.end(DONE);
    await chat.button("Send").waitFor();
  });

  it("offers a choice of assistants where there is one, and asks the chosen one", async () => {
    expect(await chat.page.getByRole("combobox", { name: "Assistant" }).count()).toBe(0);
    chat.models = ["openclaw", "openclaw/default", "openclaw/main", "openclaw/garden"];
    await chat.open();
    chat.models = ["openclaw", "openclaw/default", "openclaw/main"];
    const choice = chat.page.getByRole("combobox", { name: "Assistant" });
    expect(await choice.locator("option").allTextContents()).toEqual(["Default", "Main", "Garden"]);
    await choice.selectOption("Garden");
    await chat.converse("hello", "hi");
    expect(chat.asked[0]?.model).toBe("openclaw/garden");
  });

  it("goes on with the assistant that a conversation was last had with", async () => {
    const models = chat.models;
    chat.models = ["openclaw", "openclaw/default", "openclaw/main", "openclaw/garden"];
    await chat.open();
    const choice = chat.page.getByRole("combobox", { name: "Assistant" });
    const chosen = () => choice.locator("option:checked").textContent();
    await choice.selectOption("Garden");
    await chat.converse("roses?", "Prune them.");
    await chat.page.reload();
    await choice.waitFor();
    expect(await chosen()).toBe("Garden");
    await chat.button("New conversation").click();
    await choice.selectOption("Main");
    await chat.converse("and else?", "All well.");
    await chat.button("roses?").click();
    expect(await chosen()).toBe("Garden");
    chat.models = models; // that one is gone
    await chat.page.reload();
    await chat.converse("and now?", "Wait.");
    expect(chat.asked.map(({ model }) => model)).toEqual([
      "openclaw/garden",
      "openclaw/main",
      "openclaw/default",
    ]);
  });

  it("asks one that the role may talk to, even before it knows whom there is", async () => {
    chat.edge.signIn("gus@guests.example");
    await chat.page.route(/models$/, (route) => route.abort());
    await chat.page.reload();
    await chat.converse("hello", "hi");
    expect(chat.asked[0]?.model).toBe("openclaw/web");
  });

  it("stops an answer, keeps what came, and ends the run", async () => {
    const upstream = await chat.ask("Count to a million.");
    upstream.write(chunk("one two"));
    await chat.shown("one two");
    const ended = once(upstream, "close");
    await chat.button("Stop").click();
    await ended;
    await chat.page.getByText("Stopped.").waitFor();
    expect(await chat.answers.textContent()).toBe("one two");
    expect(await chat.draft.evaluate((element) => element === document.activeElement)).toBe(true);
    await chat.page.reload();
    await chat.page.getByText("Stopped.").waitFor();
  });

  it("stops with Escape too, and gives a question back that had no answer", async () => {
    const upstream = await chat.ask("Count.");
    const ended = once(upstream, "close");
    await chat.page.keyboard.press("Escape");
    await ended;
    await chat.button("Send").waitFor();
    expect(await chat.draft.inputValue()).toBe("Count.");
    expect(await chat.page.locator("article").count()).toBe(0);
  });

  it("answers again, in the place of the last answer and with all that was said before", async () => {
    await chat.converse("one", "first");
    await chat.converse("two", "second");
    const upstream = chat.upstream();
    await chat.button("Answer again").click();
    (await upstream).end(`${chunk("better")}${DONE}`);
    await chat.button("Send").waitFor();
    expect(await chat.answers.allTextContents()).toEqual(["first", "better"]);
    expect(chat.asked[2]?.messages.map(({ content }) => content)).toEqual(["one", "first", "two"]);
    expect(chat.asked[2]?.user).not.toBe(chat.asked[1]?.user);
  });

  it("keeps the old answer where none comes in its place", async () => {
    await chat.converse("one", "first");
    await chat.refuse(429, { code: "RATE_LIMITED", message: "" });
    await chat.button("Answer again").click();
    await chat.page.getByText("That was a lot at once.").waitFor();
    expect(await chat.answers.allTextContents()).toEqual(["first"]);
  });

  it("lets OpenClaw remember: asks on in the same session with nothing but the question", async () => {
    await chat.converse("one", "first");
    await chat.converse("two", "second");
    expect(chat.asked[1]?.messages).toEqual([{ role: "user", content: "two" }]);
    expect(chat.asked[1]?.user).toBe(chat.asked[0]?.user);
    expect(chat.asked[0]?.user).toMatch(/^person-[0-9a-f]{32}-[0-9a-f]{32}$/); // as the Worker has made it
  });

  it("copies an answer as it was written, and a piece of code alone", async () => {
    await chat.open({ permissions: ["clipboard-read", "clipboard-write"] });
    await chat.converse("code?", "**So:**\n\n```sh\necho hi\n```\n");
    const clipboard = () => chat.page.evaluate(() => navigator.clipboard.readText());
    await chat.button("Copy code").click();
    await chat.page.getByRole("status").getByText("Copied.").waitFor();
    expect(await clipboard()).toBe("echo hi");
    await chat.button("Copy answer").click();
    await expect.poll(clipboard, { timeout: 20_000 }).toBe("**So:**\n\n```sh\necho hi\n```\n");
  });

  it("writes a new line with Shift+Enter, and sends nothing that is empty", async () => {
    await chat.draft.press("Enter");
    await chat.draft.pressSequentially("a");
    await chat.draft.press("Shift+Enter");
    await chat.draft.pressSequentially("b");
    expect(await chat.draft.inputValue()).toBe("a\nb");
    expect(chat.asked).toEqual([]);
    const upstream = chat.upstream();
    await chat.draft.press("Enter");
    (await upstream).end(DONE);
    expect(chat.asked[0]?.messages).toEqual([{ role: "user", content: "a\nb" }]);
  });
});
