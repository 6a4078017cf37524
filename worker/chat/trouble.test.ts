import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChatPage, chunk, DONE } from "../testing/chat-page.ts";

let chat: ChatPage;
beforeAll(async () => {
  chat = await ChatPage.start();
});
afterAll(() => chat?.close());
beforeEach(() => chat.open());

const alert = (text: string | RegExp) => chat.page.getByRole("alert").getByText(text).waitFor();
const said = (text: string | RegExp) => chat.page.locator("#notice").getByText(text).waitFor();

describe("on the chat page", () => {
  it("an expired sign-in leads to the login and back, with draft and conversation", async () => {
    await chat.converse("one", "first");
    chat.edge.signOut();
    await chat.draft.fill("a long thought");
    await chat.button("Send").click();
    await alert("Your sign-in has expired. What you wrote is kept.");
    expect(await chat.draft.inputValue()).toBe("a long thought");
    await chat.picture("signed-out");
    chat.edge.signIn();
    await chat.page.getByRole("link", { name: "Sign in again" }).click();
    await chat.page.locator("#notice").waitFor({ state: "hidden" });
    expect(await chat.draft.inputValue()).toBe("a long thought");
    expect(await chat.answers.allTextContents()).toEqual(["first"]);
  });

  it("what is typed before the page's script has come is kept, and sent once it is there", async () => {
    const script = Promise.withResolvers<void>();
    await chat.page.route(/chat\.js$/, async (route) => {
      await script.promise;
      await route.continue();
    });
    await chat.page.goto(chat.page.url(), { waitUntil: "commit" });
    await chat.draft.fill("I type fast");
    const listed = chat.page.waitForResponse(/models$/);
    script.resolve();
    await listed;
    expect(await chat.draft.inputValue()).toBe("I type fast");
    const upstream = chat.upstream();
    await chat.button("Send").click();
    (await upstream).end(`${chunk("so do I")}${DONE}`);
    await chat.shown("so do I");
  });

  it("a sign-in that expires before the page has loaded all is said at once", async () => {
    await chat.page.route(/models$/, (route) => {
      chat.edge.signOut();
      return route.continue();
    });
    await chat.page.reload();
    await alert("Your sign-in has expired.");
  });

  it("a refusal says in words what is wrong, for whom to ask, and tries again", async () => {
    chat.gateway.openclaw.answer((_request, response) => {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not Found");
    });
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await said(/^OPENCLAW_API_DISABLED · req_[0-9a-f]{32}$/);
    expect(await chat.draft.inputValue()).toBe("hi");
    await chat.picture("refused");
    const asked = chat.page.waitForResponse(/completions$/);
    await chat.button("Try again").click();
    expect((await asked).status()).toBe(502);
  });

  it.each<[string, number, string, string]>([
    ["the tunnel is down", 502, "TUNNEL_DOWN", "The assistant does not answer."],
    ["OpenClaw is down", 502, "OPENCLAW_DOWN", "The assistant does not answer."],
    ["OpenClaw takes too long", 504, "OPENCLAW_TIMEOUT", "The assistant has taken too long"],
    ["the message is too long", 413, "BODY_TOO_LARGE", "This message is too long."],
    ["the role does not allow it", 403, "MODEL_REFUSED", "You may not talk to this assistant."],
    ["answers are running", 429, "TOO_MANY_RUNS", "Other answers are still being written"],
    ["a key is asked for", 401, "API_KEY_MISSING", "as the gateway says it"],
    ["something new happens", 418, "NEW_CODE", "as the gateway says it"],
  ])("it is said in words when %s", async (_name, status, code, text) => {
    await chat.refuse(status, { code, message: "as the gateway says it" }, { "x-request-id": "req_1" });
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await alert(text);
    await said(`${code} · req_1`);
    expect(await chat.draft.inputValue()).toBe("hi");
    expect(await chat.page.getByRole("link", { name: "Sign in again" }).count()).toBe(0);
  });

  it("a page of Cloudflare's in the place of an answer is no riddle", async () => {
    await chat.page.route(/completions$/, (route) =>
      route.fulfill({ status: 522, body: "<h1>Oops</h1>", headers: { "cf-ray": "ray-1" } }),
    );
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await alert("The assistant does not answer.");
    await said("status 522 · ray-1");
  });

  it("Retry-After is kept to: until then there is no trying again", async () => {
    await chat.page.clock.install();
    await chat.refuse(429, { code: "RATE_LIMITED", message: "" }, { "retry-after": "9" });
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await alert("That was a lot at once.");
    const again = chat.button(/^Try again/);
    expect(await again.isDisabled()).toBe(true);
    expect(await again.textContent()).toMatch(/^Try again in [89] s$/);
    await chat.picture("rate-limited");
    await chat.page.clock.fastForward(10_000);
    expect(await again.isDisabled()).toBe(false);
    const upstream = chat.upstream();
    await again.click();
    (await upstream).end(`${chunk("yes")}${DONE}`);
    await chat.shown("yes");
    expect(await chat.draft.inputValue()).toBe("");
  });

  it("a quota that is used up says when the next day begins", async () => {
    await chat.open({ timezoneId: "Europe/Vienna", locale: "en-GB" });
    const midnight = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000);
    const after = { "retry-after": midnight.toUTCString() };
    await chat.refuse(429, { code: "QUOTA_EXCEEDED", message: "" }, after);
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    const hour = midnight.toLocaleTimeString("en-GB", { timeZone: "Europe/Vienna", timeStyle: "short" });
    await alert(
      new RegExp(
        `^Your share of today is used up\\. A new day begins at 0?${Number.parseInt(hour, 10)}:00\\.$`,
      ),
    );
  });

  it("what is left of a quota stands in the small print", async () => {
    await chat.page.route(/completions$/, (route) =>
      route.fulfill({
        body: `${chunk("yes")}${DONE}`,
        headers: { "content-type": "text/event-stream", "x-ratelimit-remaining-requests": "17" },
      }),
    );
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await chat.shown("yes");
    await chat.page.getByText("17 more today.").waitFor();
  });

  it("an answer that breaks off is kept as far as it came, and asked for again in its place", async () => {
    const upstream = await chat.ask("hi");
    upstream.write(chunk("half"));
    await chat.shown("half");
    upstream.destroy();
    await chat.page.locator(".ending").getByText("The answer broke off.").waitFor();
    await chat.picture("broken-off");
    const next = chat.upstream();
    await chat.button("Try again").click();
    (await next).end(`${chunk("whole")}${DONE}`);
    await chat.button("Send").waitFor();
    expect(await chat.answers.allTextContents()).toEqual(["whole"]);
    expect(chat.asked[1]?.user).not.toBe(chat.asked[0]?.user);
  });

  it("a device that is offline is told so, and goes on when it is back", async () => {
    await chat.context.setOffline(true);
    await chat.draft.fill("hi");
    await chat.button("Send").click();
    await alert("This device is offline.");
    expect(await chat.draft.inputValue()).toBe("hi");
    await chat.context.setOffline(false);
    const upstream = chat.upstream();
    await chat.button("Try again").click();
    (await upstream).end(`${chunk("back")}${DONE}`);
    await chat.shown("back");
  });

  it("a question keeps its place where another has been begun meanwhile", async () => {
    const upstream = await chat.ask("first?");
    await chat.draft.fill("second?");
    upstream.destroy();
    await chat.page.getByText("No answer.").waitFor();
    expect(await chat.draft.inputValue()).toBe("second?");
    const next = chat.upstream();
    await chat.button("Answer again").click();
    (await next).end(`${chunk("yes")}${DONE}`);
    await chat.shown("yes");
    expect(chat.asked[1]?.messages).toEqual([{ role: "user", content: "first?" }]);
    expect(await chat.draft.inputValue()).toBe("second?");
  });
});
