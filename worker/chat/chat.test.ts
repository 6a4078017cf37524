import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chromiumFlags, chromiumProgram } from "../../rehearsal/walk/chromium.ts";
import { startEdge, type TestEdge } from "../testing/edge.ts";
import { ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";

/** Where to put pictures of the page, for a person to look at. */
const screenshots = process.env.CHAT_SCREENSHOTS;

let gateway: TestGateway;
let edge: TestEdge;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let asked: { model: string; messages: { role: string; content: string }[]; stream: boolean }[];

beforeAll(async () => {
  gateway = await startGateway();
  edge = await startEdge(gateway);
  browser = await chromium.launch({
    executablePath: chromiumProgram(),
    args: [
      ...chromiumFlags,
      `--host-resolver-rules=MAP ${new URL(ORIGIN).hostname}:443 127.0.0.1:${edge.port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  await edge?.close();
  await gateway?.close();
});

beforeEach(() => open({}));
afterEach(() => context?.close());

/** A fresh browser profile on the chat page, with an OpenClaw that has two agents. */
async function open(options: Parameters<Browser["newContext"]>[0]): Promise<void> {
  await context?.close();
  edge.signIn();
  gateway.openclaw.reset();
  complaints = [];
  asked = [];
  gateway.openclaw.answer(async (request, response) => {
    if (request.url === "/v1/models") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ data: ["openclaw", "openclaw/main", "openclaw/default"].map((id) => ({ id })) }),
      );
      return;
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(JSON.parse(body));
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    gateway.openclaw.events.emit("chat", response);
  });
  context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(5_000);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${ORIGIN}/chat.html`);
  await page.locator("#model:not([disabled])").waitFor();
}

const picture = async (name: string) => {
  if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png` });
};
const draft = () => page.getByRole("textbox", { name: "Message" });
const answers = () => page.locator("article.assistant p");
const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

/** Types a question and sends it; gives OpenClaw's side of the answer. */
async function ask(question: string): Promise<ServerResponse> {
  const chat = once(gateway.openclaw.events, "chat") as Promise<[ServerResponse]>;
  await draft().fill(question);
  await draft().press("Enter");
  return (await chat)[0];
}

async function shown(text: string): Promise<void> {
  await page.locator("article.assistant p", { hasText: text }).last().waitFor();
}

describe("the chat page", () => {
  it("shows an answer as it arrives, and asks on with the whole conversation", async () => {
    await picture("empty");
    const first = await ask("What is a tunnel?");
    first.write(chunk("A passage "));
    await shown("A passage");
    expect(await page.getByRole("log").getAttribute("aria-busy")).toBe("true");
    await picture("streaming");
    first.end(`${chunk("through a hill.")}data: [DONE]\n\n`);
    await shown("A passage through a hill.");
    await page.getByRole("button", { name: "Send" }).waitFor();
    const second = await ask("And a bridge?");
    second.end(`${chunk("A way over a river.")}data: [DONE]\n\n`);
    await shown("A way over a river.");
    expect(asked[0]).toMatchObject({ model: "openclaw/default", stream: true });
    expect(asked[1]?.messages).toEqual([
      { role: "user", content: "What is a tunnel?" },
      { role: "assistant", content: "A passage through a hill." },
      { role: "user", content: "And a bridge?" },
    ]);
    expect(complaints).toEqual([]);
    await picture("conversation");
  });

  it("lists the assistants, the default one first, and asks the chosen one", async () => {
    const model = page.getByRole("combobox", { name: "Assistant" });
    expect(await model.locator("option").allTextContents()).toEqual(["default", "openclaw", "main"]);
    await model.selectOption("openclaw/main");
    (await ask("hello")).end("data: [DONE]\n\n");
    expect(asked[0]?.model).toBe("openclaw/main");
  });

  it("stops an answer, keeps what came, and ends the run", async () => {
    const upstream = await ask("Count to a million.");
    upstream.write(chunk("one two"));
    await shown("one two");
    const ended = once(upstream, "close");
    await page.getByRole("button", { name: "Stop" }).click();
    await ended;
    await page.getByText("Stopped.").waitFor();
    expect(await answers().textContent()).toBe("one two");
    expect(await draft().evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("stops with Escape too", async () => {
    const upstream = await ask("Count.");
    const ended = once(upstream, "close");
    await page.keyboard.press("Escape");
    await ended;
    expect(await draft().inputValue()).toBe("Count.");
  });

  it("shows what a model writes as markdown, and its HTML as text", async () => {
    const text =
      '<img src=x onerror="document.title=1"><script>document.title=2</script> **bold** ![a](https://evil.example/?q)';
    (await ask("hi")).end(`${chunk(text)}data: [DONE]\n\n`);
    await shown("evil.example");
    expect(await answers().textContent()).toBe(
      '<img src=x onerror="document.title=1"><script>document.title=2</script> bold Image: a evil.example',
    );
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.locator("main a").getAttribute("rel")).toContain("noopener");
    expect(await page.title()).toBe("Chat");
    expect(complaints).toEqual([]);
  });

  it("says in words what the gateway refused", async () => {
    gateway.openclaw.answer((_request, response) => {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not Found");
    });
    await draft().fill("hi");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").getByText("OPENCLAW_API_DISABLED").waitFor();
    expect(await draft().inputValue()).toBe("hi");
    await picture("refused");
  });

  it("says so when an answer breaks off", async () => {
    const upstream = await ask("hi");
    upstream.write(chunk("half"));
    await shown("half");
    upstream.destroy();
    await page.getByText("The answer broke off.").waitFor();
  });

  it("leads to the login when the session has expired, and keeps the draft", async () => {
    edge.signOut();
    await draft().fill("a long thought");
    await draft().press("Enter");
    const link = page.getByRole("link", { name: "Sign in again" });
    await link.waitFor();
    expect(await draft().inputValue()).toBe("a long thought");
    await picture("signed-out");
    edge.signIn();
    await link.click();
    await page.locator("#model:not([disabled])").waitFor();
    expect(await draft().inputValue()).toBe("a long thought");
  });

  it("writes a new line with Shift+Enter, and sends nothing that is empty", async () => {
    await draft().press("Enter");
    await draft().pressSequentially("a");
    await draft().press("Shift+Enter");
    await draft().pressSequentially("b");
    expect(await draft().inputValue()).toBe("a\nb");
    expect(asked).toEqual([]);
  });

  it("begins anew", async () => {
    (await ask("one")).end(`${chunk("first")}data: [DONE]\n\n`);
    await shown("first");
    await page.getByRole("button", { name: "New chat" }).click();
    expect(await page.locator("article").count()).toBe(0);
    (await ask("two")).end("data: [DONE]\n\n");
    expect(asked[1]?.messages).toEqual([{ role: "user", content: "two" }]);
  });

  it("asks this origin only", async () => {
    const hosts = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin),
    );
    expect(new Set(hosts)).toEqual(new Set([ORIGIN]));
  });

  it.each(["light", "dark"] as const)("fits a phone, in %s", async (colorScheme) => {
    await open({ colorScheme, viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
    (await ask("Tell me something.")).end(
      `${chunk("word ".repeat(200))}${chunk("x".repeat(300))}data: [DONE]\n\n`,
    );
    await shown("xxx");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    const box = await draft().boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
    await picture(`phone-${colorScheme}`);
  });
});
