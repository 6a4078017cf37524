import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { startEdge, type TestEdge } from "./edge.ts";
import { ORIGIN, startGateway, type TestGateway } from "./gateway.ts";

/** What the page has asked OpenClaw for. */
export interface Asked {
  readonly model: string;
  readonly user: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream: boolean;
}

/** One piece of an answer, as OpenClaw streams it. */
export const chunk = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
export const DONE = "data: [DONE]\n\n";

/** The chat page in a real Chromium, before the Worker in workerd and an OpenClaw that answers as the test says. */
export class ChatPage {
  readonly gateway: TestGateway;
  readonly edge: TestEdge;
  /** The models that OpenClaw names. */
  models = ["openclaw", "openclaw/default", "openclaw/main"];
  readonly asked: Asked[] = [];
  /** What the browser has complained about: errors of scripts, refusals of the policy. */
  readonly complaints: string[] = [];
  /** Where the browser has sent something to that is not this origin. */
  readonly strayed: string[] = [];
  #browser: Browser;
  #context: BrowserContext | undefined;
  #page: Page | undefined;

  private constructor(gateway: TestGateway, edge: TestEdge, browser: Browser) {
    this.gateway = gateway;
    this.edge = edge;
    this.#browser = browser;
  }

  static async start(): Promise<ChatPage> {
    const gateway = await startGateway();
    const edge = await startEdge(gateway);
    return new ChatPage(gateway, edge, await launchBrowser(edge));
  }

  get page(): Page {
    if (!this.#page) throw new Error("the page is not open");
    return this.#page;
  }

  get context(): BrowserContext {
    if (!this.#context) throw new Error("the page is not open");
    return this.#context;
  }

  /** Opens the page in a fresh browser profile, signed in, with an OpenClaw that waits for the test to answer. */
  async open(options: BrowserContextOptions = {}, prepare?: (context: BrowserContext) => Promise<unknown>) {
    await this.#context?.close();
    this.edge.signIn();
    this.gateway.openclaw.reset();
    this.gateway.openclaw.answer((request, response) => void this.#answer(request, response));
    for (const list of [this.asked, this.complaints, this.strayed]) list.length = 0;
    this.#context = await this.#browser.newContext({ ignoreHTTPSErrors: true, ...options });
    await prepare?.(this.#context);
    this.#page = await this.tab();
  }

  /** Another tab of the same browser. */
  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${ORIGIN}/`)) this.strayed.push(request.url());
    });
    const listed = page.waitForResponse(`${ORIGIN}/v1/models`);
    await page.goto(`${ORIGIN}/chat.html`);
    await listed;
    return page;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === "/v1/models") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ data: this.models.map((id) => ({ id })) }));
      return;
    }
    if (request.url !== "/v1/chat/completions") {
      response.writeHead(404).end();
      return;
    }
    let body = "";
    for await (const piece of request) body += piece;
    this.asked.push(JSON.parse(body));
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    this.gateway.openclaw.events.emit("chat", response);
  }

  /** Refuses what the page asks next, as the gateway would. */
  async refuse(status: number, error: object, headers: Record<string, string> = {}): Promise<void> {
    const body = JSON.stringify({ error });
    await this.page.route(
      `${ORIGIN}/v1/chat/completions`,
      (route) => route.fulfill({ status, body, headers: { "content-type": "application/json", ...headers } }),
      { times: 1 },
    );
  }

  get draft(): Locator {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  /** The answers on the page, without what can be done with them. */
  get answers(): Locator {
    return this.page.locator("article.assistant .body");
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** What waits for OpenClaw's side of the next answer. */
  async upstream(): Promise<ServerResponse> {
    const [response] = (await once(this.gateway.openclaw.events, "chat")) as [ServerResponse];
    return response;
  }

  /** Types a question and sends it; gives OpenClaw's side of the answer. */
  async ask(question: string): Promise<ServerResponse> {
    const upstream = this.upstream();
    await this.draft.fill(question);
    await this.button("Send").click();
    return upstream;
  }

  /** Asks, answers, and waits until the answer is whole. */
  async converse(question: string, ...answer: readonly string[]): Promise<void> {
    (await this.ask(question)).end(`${answer.map(chunk).join("")}${DONE}`);
    await this.button("Send").waitFor();
  }

  async shown(text: string): Promise<void> {
    await this.answers.filter({ hasText: text }).last().waitFor();
  }

  /** Pictures for a person to look at, where CHAT_SCREENSHOTS names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env.CHAT_SCREENSHOTS;
    if (folder) await this.page.screenshot({ path: `${folder}/${name}.png` });
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.edge.close();
    await this.gateway.close();
  }
}
