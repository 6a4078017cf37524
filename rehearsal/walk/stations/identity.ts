import { expectAnswer } from "../answers.ts";
import { expect } from "../expect.ts";
import { composer, send } from "./control-ui.ts";
import { devices } from "./devices.ts";
import { signIn } from "./sign-in.ts";
import { owner, people, type Station } from "./station.ts";

/** Access's login is all that OpenClaw's page wants: no token is asked for, and no browser has to be approved. */
export const loginIsEnough: Station = {
  name: "the Control UI knows the owner by the login at Access",
  async walk({ stage, browser }) {
    const page = await browser.pageOf(owner);
    await composer(page).waitFor();
    const { pending, paired } = await devices(stage);
    expect(pending.length === 0, "a browser waits for its approval on the Pi");
    expect(paired.length > 0, "the browser is in no list of OpenClaw's devices");
    await browser.picture(page, "control-ui-by-identity");
  },
};

/** Connections end a few times a week: a new Worker, a restart of the router or the Pi. The open page goes on by itself. */
export const pageComesBack: Station = {
  name: "an open Control UI connects again after its connection was cut",
  async walk({ stage, browser }) {
    const page = await browser.pageOf(owner);
    const answers = page.getByRole("log").getByRole("button", { name: "Copy as markdown" });
    const before = await answers.count(); // now: once it has connected again, the page draws them anew
    const again = page.waitForEvent("websocket");
    const unit = "'cloudflared-*.service'";
    const cut = await stage.host.exec(`systemctl kill -s KILL ${unit}`, { asRoot: true });
    expect(cut.code === 0, `the connector could not be killed: ${cut.stderr}`);
    await again;
    await composer(page).fill("Say good morning");
    await send(page);
    await answers.nth(before).waitFor();
    const heard = await page.getByRole("log").innerText();
    expectAnswer(stage.host, heard, "The rehearsal's model heard: Say good morning");
  },
};

/** A member chats in the same page, in a conversation of their own, and finds nothing of the owner's. */
export const memberChats: Station = {
  name: "a member chats in the Control UI, apart from the owner",
  async walk(visit) {
    const { stage, browser } = visit;
    const page = await signIn(visit, people.member);
    await composer(page).fill("Wish me luck");
    await send(page);
    const conversation = page.getByRole("log");
    await conversation.getByRole("button", { name: "Copy as markdown" }).first().waitFor();
    expectAnswer(stage.host, await conversation.innerText(), "The rehearsal's model heard: Wish me luck");
    await browser.picture(page, "control-ui-of-a-member");
    const shown = await page.locator("body").innerText();
    expect(!/Say good (night|morning)/.test(shown), "the page shows the owner's conversation");
    expect(!shown.includes("does not open this"), "the page asks for what a member may not have");
  },
};

/** A guest has the chat page and nothing else. */
export const guestOnlyChats: Station = {
  name: "a guest is shown the way to the chat page, and chats there",
  async walk(visit) {
    const { stage, browser } = visit;
    const page = await signIn(visit, people.guest);
    await page.getByRole("heading", { name: "Not for you" }).waitFor();
    await browser.picture(page, "control-ui-refused-to-a-guest");
    await page.getByRole("link", { name: "Go to the chat" }).click();
    await page.waitForURL("**/chat.html"); // with its script, without which Send does nothing
    await page.getByRole("textbox", { name: "Message" }).fill("Tell me a story");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("button", { name: "Copy answer" }).waitFor();
    const answer = (await page.locator("article.assistant p").last().textContent()) ?? "";
    expectAnswer(stage.host, answer, "The rehearsal's model heard: Tell me a story");
    await browser.picture(page, "chat-page-of-a-guest");
  },
};
