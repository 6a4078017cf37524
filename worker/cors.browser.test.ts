import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchBrowser } from "./testing/browser.ts";
import { startEdge, type TestEdge } from "./testing/edge.ts";
import { ORIGIN, startGateway, type TestGateway } from "./testing/gateway.ts";

const NOT_ALLOWED = "No 'Access-Control-Allow-Origin' header is present";
const APP = "https://app.example.org";

let gateway: TestGateway;
let edge: TestEdge;
let browser: Browser;
/** What Chromium says about the page's calls. */
let complaints: string[];
beforeAll(async () => {
  gateway = await startGateway({ bindings: { CORS_ORIGINS: APP } });
  edge = await startEdge(gateway);
  // The gateway is on loopback here, where no page may go unasked.
  browser = await launchBrowser(edge, "--disable-features=LocalNetworkAccessChecks");
});
afterAll(async () => {
  await browser?.close();
  await edge?.close();
  await gateway?.close();
});

/** A page of another origin, which calls the gateway. */
async function pageOf(origin: string): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  await page.route(`${origin}/**`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>App</title>" }),
  );
  await page.goto(`${origin}/`);
  await page.unrouteAll(); // as long as it intercepts, Playwright answers preflights itself, and allows everything
  return page;
}

/** What of fetch's options can be handed to a page. */
interface Init {
  readonly method?: "POST";
  readonly credentials?: "include";
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** What a page's own script gets to know of a call. */
const call = (page: Page, path: string, init: Init) =>
  page.evaluate(
    async ({ url, init }) => {
      try {
        const answer = await fetch(url, init);
        return [answer.status, answer.headers.get("x-request-id")?.slice(0, 4), await answer.text()];
      } catch (error) {
        return [(error as Error).name];
      }
    },
    { url: ORIGIN + path, init },
  );

/** As OpenAI's SDK calls from a browser. */
const SDK: Init = {
  method: "POST",
  credentials: "include",
  headers: { "content-type": "application/json", authorization: "Bearer key", "x-stainless-lang": "js" },
  body: '{"model":"openclaw","messages":[{"role":"user","content":"Hello"}]}',
};

it("Chromium lets the page of an allowed origin call the API, and read refusals too", async () => {
  const page = await pageOf(APP);
  const list = '{"object":"list","data":[]}';
  expect(await call(page, "/v1/models", { credentials: "include" })).toEqual([200, "req_", list]);
  expect((await call(page, "/v1/chat/completions", SDK))[0]).toBe(200);
  expect(await call(page, "/v1/nowhere", {})).toEqual([404, "req_", expect.stringContaining("NOT_FOUND")]);
});

it("and nothing but the API", async () => {
  const page = await pageOf(APP);
  for (const path of ["/health", "/control-ui-config.json", "/"])
    expect([path, await call(page, path, { credentials: "include" })]).toEqual([path, ["TypeError"]]);
  expect(complaints.filter((text) => text.includes(NOT_ALLOWED))).toHaveLength(3);
});

it("and no page of any other origin", async () => {
  const page = await pageOf("https://app.example.org.evil.example");
  expect(await call(page, "/v1/models", { credentials: "include" })).toEqual(["TypeError"]);
  gateway.openclaw.reset();
  expect(complaints).toContainEqual(expect.stringContaining(NOT_ALLOWED));
  expect(await call(page, "/v1/chat/completions", SDK)).toEqual(["TypeError"]);
  expect(gateway.openclaw.requests).toEqual([]);
});
