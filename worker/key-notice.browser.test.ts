import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser } from "./testing/browser.ts";
import { startEdge, type TestEdge } from "./testing/edge.ts";
import { ORIGIN, startGateway, type TestGateway } from "./testing/gateway.ts";

const SECRET = "the-owners-key-of-the-test";
/** Stands for the Control UI, which reads its token from the fragment too. */
/** With an icon of its own: the browser would ask for one late, when the next test has begun. */
const CONTROL_UI = `<!doctype html><title>Control UI</title><link rel="icon" href="data:,"><h1></h1>
<script>document.querySelector("h1").textContent = location.href</script>`;

let gateway: TestGateway;
let edge: TestEdge;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let requests: Request[];
let complaints: string[];
beforeAll(async () => {
  gateway = await startGateway();
  edge = await startEdge(gateway);
  browser = await launchBrowser(edge);
});
afterAll(async () => {
  await browser?.close();
  await edge?.close();
  await gateway?.close();
});

async function open(options: BrowserContextOptions = {}): Promise<void> {
  gateway.openclaw.reset();
  gateway.openclaw.answer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(CONTROL_UI);
  });
  context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  [requests, complaints] = [[], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("request", (request) => requests.push(request));
}
beforeEach(() => open());
afterEach(() => context.close());

/** All that the browser has sent so far: addresses as they go over the wire, headers, bodies. */
const sent = () =>
  Promise.all(
    requests.map(async (request) => {
      const { hash, href } = new URL(request.url());
      const headers = JSON.stringify(await request.allHeaders());
      return [href.slice(0, href.length - hash.length), headers, request.postData() ?? ""].join("\n");
    }),
  );
const notice = () => page.getByRole("heading", { name: "This browser will hold the owner's key" });
const goOn = () => page.getByRole("button", { name: "Open it in this browser" });
const controlUi = (address: string) => page.getByRole("heading", { name: address, exact: true }).waitFor();

describe("the notice before the Control UI", () => {
  it("leads on to the same address with path, query and fragment, and sends the fragment nowhere", async () => {
    const address = `${ORIGIN}/chat/main?session=a%20b#token=${SECRET}`;
    await page.goto(address);
    await notice().waitFor();
    expect(page.url()).toBe(address);
    await goOn().click();
    await controlUi(address);
    expect(page.url()).toBe(address);
    const all = await sent();
    expect(all).toHaveLength(2);
    expect(all.filter((text) => text.includes(SECRET))).toEqual([]);
    const reached = gateway.openclaw.requests.map(({ url, headers }) => JSON.stringify([url, headers]));
    expect(reached.length).toBeGreaterThan(0);
    expect(reached.join()).not.toContain(SECRET);
    expect(gateway.log()).not.toContain(SECRET);
    expect(complaints).toEqual([]);
  });

  it("is shown once: the second visit goes straight through, to every page, for a year", async () => {
    await page.goto(`${ORIGIN}/`);
    await goOn().click();
    await controlUi(`${ORIGIN}/`);
    await page.goto(`${ORIGIN}/sessions`);
    await controlUi(`${ORIGIN}/sessions`);
    const another = await context.newPage();
    expect(await (await another.goto(`${ORIGIN}/#token=${SECRET}`))?.text()).toBe(CONTROL_UI);
    const [cookie, ...others] = await context.cookies();
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({
      domain: new URL(ORIGIN).hostname,
      path: "/",
      secure: true,
      sameSite: "Lax",
    });
    const days = ((cookie?.expires ?? 0) * 1000 - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(365);
  });

  it("is shown again where its reader has not gone on", async () => {
    await page.goto(`${ORIGIN}/`);
    await page.reload();
    await notice().waitFor();
    expect(await context.cookies()).toEqual([]);
    expect(gateway.openclaw.requests).toEqual([]);
  });

  it("leads to the chat as well, which needs no key", async () => {
    await page.goto(`${ORIGIN}/app/chat#token=${SECRET}`); // a redirect hands its fragment on
    expect(new URL(page.url()).hash).toBe(`#token=${SECRET}`);
    await page.getByRole("link", { name: "Go to the chat" }).click();
    await page.getByRole("textbox", { name: "Message" }).waitFor();
    expect(page.url()).toBe(`${ORIGIN}/chat.html`);
    expect((await sent()).filter((text) => text.includes(SECRET))).toEqual([]);
  });

  it("can be read and used by keyboard and screen reader", async () => {
    await page.goto(`${ORIGIN}/`);
    expect(await page.locator("body").ariaSnapshot()).toBe(`- main:
  - heading "This browser will hold the owner's key" [level=1]
  - paragraph: OpenClaw's own page asks for OpenClaw's token and keeps it in this browser.
  - paragraph: Whoever uses this browser, or reads its files, can then do everything the owner can, commands on the Pi included. Open it only on a device of your own.
  - paragraph: The chat needs no key.
  - button "Open it in this browser"
  - link "Go to the chat":
    - /url: /chat.html
  - text: With
  - code: "signIn: access"
  - text: "in the gateway's config, no browser needs a key: the sign-in is enough."`);
    await page.keyboard.press("Tab");
    expect(await goOn().evaluate((button) => button.matches(":focus-visible"))).toBe(true);
    await page.keyboard.press("Enter");
    await controlUi(`${ORIGIN}/`);
  });

  it.each([
    ["desk-light", { colorScheme: "light" }],
    ["desk-dark", { colorScheme: "dark" }],
    ["phone-light", { colorScheme: "light", viewport: { width: 320, height: 640 }, isMobile: true }],
    ["phone-dark", { colorScheme: "dark", viewport: { width: 390, height: 740 }, isMobile: true }],
  ] as const)("fits: %s", async (name, options) => {
    await context.close();
    await open(options);
    await page.goto(`${ORIGIN}/`);
    await notice().waitFor();
    const folder = process.env.CHAT_SCREENSHOTS; // pictures for a person to look at
    if (folder) await page.screenshot({ path: `${folder}/key-notice-${name}.png` });
    const width = page.viewportSize()?.width;
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });
});
