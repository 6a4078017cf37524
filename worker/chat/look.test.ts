import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatPage, chunk, DONE } from "../testing/chat-page.ts";

let chat: ChatPage;
beforeAll(async () => {
  chat = await ChatPage.start();
});
afterAll(() => chat?.close());

const ANSWER = `Sure. A **tunnel** goes *through* a hill, a ~~boat~~ bridge goes over a river.

## How to choose

1. Look at the ground:
   - rock is good for tunnels
   - sand is *not*
2. Count your money.

> A bridge that nobody crosses is a sculpture.

| Kind | Length | Cost |
|:--|--:|:-:|
| Tunnel | 12 km | high |
| Bridge | 900 m | depends on the wind, the river and the people who want to cross it |

\`\`\`ts
export const length = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y) + detour(a, b, { rivers: true });
\`\`\`

More in [the handbook](https://handbook.example/tunnels), or run \`dig --help\`. ${"x".repeat(120)}`;

describe.each(["light", "dark"] as const)("in %s, the chat page", (colorScheme) => {
  it("fits a desk", async () => {
    await chat.open({ colorScheme });
    await chat.converse("A word first.", "Gladly.");
    await chat.converse("Tunnel or bridge? I have a hill, a river,\nand not much time.", ANSWER);
    await expectToFit(1280);
    await chat.picture(`desk-${colorScheme}`);
    await chat.page.getByRole("log").evaluate((log) => log.scrollTo(0, 0));
    await chat.button("To the end").waitFor();
    await chat.picture(`desk-${colorScheme}-top`);
    await chat.button("To the end").click();
    await chat.button("To the end").waitFor({ state: "hidden" });
  });

  it.each([320, 390])("fits a phone of %i pixels", async (width) => {
    await chat.open({ colorScheme, viewport: { width, height: 640 }, hasTouch: true, isMobile: true });
    await chat.picture(`phone-${width}-${colorScheme}-empty`);
    await chat.converse("Tunnel or bridge?", ANSWER);
    await expectToFit(width);
    await chat.picture(`phone-${width}-${colorScheme}`);
    await chat.button("Conversations").tap();
    await chat.button("Tunnel or bridge?").waitFor();
    await chat.picture(`phone-${width}-${colorScheme}-list`);
    await chat.page.getByRole("navigation").getByRole("button", { name: "New conversation" }).tap();
    await chat.button("Tunnel or bridge?").waitFor({ state: "hidden" });
    await chat.refuse(
      429,
      { code: "RATE_LIMITED" },
      { "retry-after": "60", "x-request-id": `req_${"0".repeat(32)}` },
    );
    await chat.draft.fill("And a ferry?\n\nOr two?");
    await chat.button("Send").tap();
    await chat.page.getByText("That was a lot at once.").waitFor();
    await expectToFit(width);
    await chat.picture(`phone-${width}-${colorScheme}-trouble`);
  });

  it("can be read: texts stand out from what is behind them (WCAG 2.2, 1.4.3)", async () => {
    await chat.open({ colorScheme });
    await chat.converse("hi", ANSWER);
    await chat.refuse(418, { code: "TEAPOT", message: "No coffee." });
    await chat.draft.fill("x");
    await chat.button("Send").click();
    await chat.page.getByText("No coffee.").waitFor();
    expect(await chat.page.evaluate(faintTexts)).toEqual([]);
  });
});

describe("the chat page", () => {
  it("writes a new line with Enter on a touch screen, where there is no Shift", async () => {
    await chat.open({ viewport: { width: 390, height: 640 }, hasTouch: true, isMobile: true });
    await chat.draft.pressSequentially("a");
    await chat.draft.press("Enter");
    await chat.draft.pressSequentially("b");
    expect(await chat.draft.inputValue()).toBe("a\nb");
    expect(chat.asked).toEqual([]);
  });

  it("holds still for those who want it so", async () => {
    for (const reducedMotion of ["no-preference", "reduce"] as const) {
      await chat.open({ reducedMotion });
      const upstream = await chat.ask("hi");
      await chat.page.locator("article.waiting").waitFor();
      const moving = await chat.page.evaluate(() => document.getAnimations().length);
      expect([reducedMotion, moving > 0]).toEqual([reducedMotion, reducedMotion === "no-preference"]);
      upstream.end(DONE);
    }
  });

  it("shows that an answer still grows, whatever has come of it, and moves nothing when it is done", async () => {
    await chat.open();
    const upstream = await chat.ask("hi");
    const growing = () => chat.page.evaluate(() => document.getAnimations().length);
    await chat.page.locator("article.waiting").waitFor();
    expect(await growing()).toBe(1);
    const pieces = ["word", "\n\n- item", "\n\n```sh\ndig", "\n```\n\n> quote", "\n\n|a|b|\n|-|-|\n|c|cell|"];
    for (const piece of pieces) {
      upstream.write(chunk(piece));
      await chat.shown(piece.match(/[a-z]+/g)?.at(-1) ?? "");
      expect([piece, await growing()]).toEqual([piece, 1]);
    }
    const height = () => chat.page.locator("article.assistant").evaluate((article) => article.clientHeight);
    const before = await height();
    upstream.end(DONE);
    await chat.button("Send").waitFor();
    expect([await growing(), await height()]).toEqual([0, before]);
  });

  it("gives the name of a conversation all the room, until something can be done with it", async () => {
    await chat.open();
    await chat.converse("A rather long question about tunnels", "Yes.");
    await chat.button("New conversation").click();
    const name = chat.button("A rather long question about tunnels");
    const width = () => name.evaluate((element) => element.getBoundingClientRect().width);
    await chat.draft.hover();
    const wide = await width();
    await name.focus();
    await chat.page.keyboard.press("Tab");
    const rename = chat.button("Rename “A rather long question about tunnels”");
    expect(await rename.evaluate((button) => button === document.activeElement)).toBe(true);
    expect(await rename.evaluate((button) => getComputedStyle(button).opacity)).toBe("1");
    expect(wide - (await width())).toBe(72); // the two buttons
  });

  it("begins a new conversation from its head on a phone, where the list is out of sight", async () => {
    const models = chat.models;
    chat.models = ["openclaw", "openclaw/default", "openclaw/main", "openclaw/homework-helper"];
    await chat.open({ viewport: { width: 390, height: 640 }, hasTouch: true, isMobile: true });
    chat.models = models;
    await chat.page.getByRole("combobox", { name: "Assistant" }).waitFor();
    await chat.converse("Tunnel or bridge?", "Yes.");
    const title = chat.page.getByRole("heading", { level: 1 });
    expect(await title.evaluate((h1) => h1.scrollWidth - h1.clientWidth)).toBe(0); // beside a choice with a long name
    await chat.picture("phone-390-choice");
    await chat.button("New conversation").tap();
    expect(await chat.page.locator("article").count()).toBe(0);
    await expectToFit(390);
  });

  it("leaves someone who reads further up where they are", async () => {
    await chat.open({ viewport: { width: 800, height: 400 } });
    const upstream = await chat.ask("Count.");
    upstream.write(chunk("line\n\n".repeat(40)));
    await chat.shown("line");
    const log = chat.page.getByRole("log");
    await log.evaluate((element) => element.scrollTo(0, 100));
    await chat.button("To the end").waitFor();
    upstream.end(`${chunk("last")}${DONE}`);
    await chat.shown("last");
    expect(await log.evaluate((element) => element.scrollTop)).toBe(100);
  });

  it("has a name for everything that can be used, and says what it is", async () => {
    await chat.open();
    await chat.converse("Tunnel?", "Yes: `dig`\n\n```sh\ndig\n```");
    expect(await chat.page.locator("body").ariaSnapshot()).toBe(`- navigation "Conversations":
  - button "New conversation"
  - list:
    - listitem:
      - button "Tunnel?"
      - button "Rename “Tunnel?”"
      - button "Delete “Tunnel?”"
  - paragraph: ada@example.com
  - link "OpenClaw's own page":
    - /url: /
  - button "Delete all"
  - button "Sign out"
- banner:
  - heading "Tunnel?" [level=1]
- main:
  - log "Conversation":
    - article:
      - heading "You" [level=2]
      - paragraph: Tunnel?
    - article:
      - heading "Assistant" [level=2]
      - paragraph:
        - text: "Yes:"
        - code: dig
      - figure "sh Copy code":
        - text: sh
        - button "Copy code": Copy
        - code: dig
      - button "Copy answer"
      - button "Answer again"
- text: Message
- textbox "Message":
  - /placeholder: Ask anything
- button "Send"
- paragraph: Enter sends, Shift+Enter begins a new line, Esc stops.
- status: "Answer: Yes: dig dig"`);
  });

  it("is walked through with the Tab key, in the order in which it is seen", async () => {
    await chat.open();
    await chat.converse("Tunnel?", "Yes.\n\n```sh\ndig\n```");
    await chat.button("New conversation").focus();
    const names: string[] = [];
    for (let stop = 0; stop < 13; stop += 1) {
      if (stop > 0) await chat.page.keyboard.press("Tab");
      names.push(
        await chat.page.evaluate(() => {
          const at = document.activeElement;
          return (
            at?.getAttribute("aria-label") ??
            (at?.id === "draft" ? "Message" : (at?.textContent?.trim() ?? ""))
          );
        }),
      );
    }
    expect(names).toEqual([
      ...["New conversation", "Tunnel?", "Rename “Tunnel?”", "Delete “Tunnel?”"],
      ...["OpenClaw's own page", "Delete all", "Sign out"],
      ...["Conversation", "Copy code", "dig", "Copy answer", "Answer again", "Message"],
    ]);
  });
});

/** Nothing but code and tables is wider than the screen, and the place to write is on it. */
async function expectToFit(width: number): Promise<void> {
  expect(await chat.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  expect(await chat.page.getByRole("log").evaluate((log) => log.scrollWidth - log.clientWidth)).toBe(0);
  const box = await chat.draft.boundingBox();
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(chat.page.viewportSize()?.height ?? 0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
}

/** Texts that stand out by less than 4.5 to 1. Runs in the page. */
function faintTexts(): string[] {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (color: string) => {
    if (!context) throw new Error("no canvas");
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (color: string) => {
    const linear = channels(color)
      .slice(0, 3)
      .map((channel) => channel / 255)
      .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
  };
  const behind = (element: Element | null): string => {
    if (!element) return "white";
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 255 ? color : behind(element.parentElement);
  };
  return [...document.querySelectorAll("body *")]
    .filter((element) =>
      [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== ""),
    )
    .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
    .filter((element) => {
      const [one = 0, other = 0] = [light(getComputedStyle(element).color), light(behind(element))];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) < 4.5;
    })
    .map((element) => `${element.localName}: ${element.textContent?.trim().slice(0, 40)}`);
}
