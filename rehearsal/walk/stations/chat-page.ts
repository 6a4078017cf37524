import { expectAnswer } from "../answers.ts";
import { owner, type Station } from "./station.ts";

/** The gateway's own page, with the same sign-in and no token of its own. */
export const chatPageAnswers: Station = {
  name: "OpenClaw answers on the chat page",
  async walk({ stage, url, browser }) {
    const page = await browser.pageOf(owner);
    await page.goto(`${url}/chat.html`);
    await page.getByRole("textbox", { name: "Message" }).fill("Name the seven seas");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("log").and(page.locator("[aria-busy=true]")).waitFor();
    await page.getByRole("button", { name: "Send" }).waitFor(); // in the place of Stop again: the answer is whole
    const answer = (await page.locator("article.assistant p").last().textContent()) ?? "";
    expectAnswer(stage.host, answer, "The rehearsal's model heard: Name the seven seas");
    await browser.picture(page, "chat-page");
  },
};
