import { expect } from "../expect.ts";
import { arriveAt, owner, type Station } from "./station.ts";

/** A session that has ended lets neither the open page ask on nor a new one open. */
export const signOutEndsIt: Station = {
  name: "signing out ends the session",
  async walk({ stage, url, browser }) {
    const login = `https://${stage.cloudflare.teamDomain}/cdn-cgi/access/login/`;
    const page = await browser.pageOf(owner);
    const other = await page.context().newPage();
    await other.goto(`${url}/cdn-cgi/access/logout`);
    await other.getByRole("heading", { name: "You have been logged out" }).waitFor();
    await browser.picture(other, "signed-out");

    // The chat page of before is still open.
    await page.getByRole("textbox", { name: "Message" }).fill("Are you still there?");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("link", { name: "Sign in again" }).waitFor();
    await browser.picture(page, "chat-page-after-sign-out");

    await other.goto(url);
    await arriveAt(other, login);
    const kind = await page.evaluate(async () => (await fetch("/v1/models", { redirect: "manual" })).type);
    expect(kind === "opaqueredirect", `without a session /v1/models is answered: ${kind}`);
    await other.close();
  },
};
