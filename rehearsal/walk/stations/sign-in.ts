import type { Page } from "playwright-core";
import { expect } from "../expect.ts";
import { addLoginMethod } from "./login-method.ts";
import { arriveAt, owner, type Station, stranger, type Visit } from "./station.ts";

/** The team's login stands before every page, offers the account's methods, and lets nobody else in by any of them. */
export const strangerIsRefused: Station = {
  name: "Access's login page refuses a stranger",
  async walk({ stage, url, browser }) {
    const page = await browser.pageOf(stranger);
    const login = `https://${stage.cloudflare.teamDomain}/cdn-cgi/access/login/`;
    const method = await addLoginMethod(stage.cloudflare, "Example accounts");
    try {
      await page.goto(`${url}/chat.html`);
      await arriveAt(page, login);
      const byAccount = page.getByRole("link", { name: /Example accounts/ });
      await byAccount.waitFor();
      await browser.picture(page, "login-choice");

      await askForCode(page, stranger);
      const inbox = await openInbox(page);
      expect((await inbox.locator("#code").count()) === 0, "a code was sent to someone who may not sign in");
      await inbox.close();
      await enterCode(page, "000000");
      await page
        .getByRole("status")
        .getByText(/wrong or has expired/)
        .waitFor();
      await browser.picture(page, "stranger-by-code");

      await page.goto(`${url}/chat.html`);
      await byAccount.click();
      await page.getByRole("textbox", { name: "Email" }).fill(stranger);
      await page.getByRole("button").click();
      await page.getByRole("heading", { name: "That account does not have access." }).waitFor();
      await browser.picture(page, "stranger-by-account");
      await page.goto(url);
      expect(page.url().startsWith(login), `the refused stranger is at ${new URL(page.url()).hostname}`);
    } finally {
      await method.remove();
    }
  },
};

/** The owner's first visit: address, code from the inbox, and back to where the visit began. */
export const ownerSignsIn: Station = {
  name: "the owner signs in with a one-time code",
  async walk(visit) {
    await signIn(visit, owner, (page) => visit.browser.picture(page, "one-time-code"));
  },
};

/** Goes to the gateway for the first time, and through Access to where the visit began. */
export async function signIn(
  { stage, url, browser }: Visit,
  person: string,
  look: (page: Page) => Promise<void> = async () => {},
): Promise<Page> {
  const page = await browser.pageOf(person);
  await page.goto(url);
  await arriveAt(page, `https://${stage.cloudflare.teamDomain}/`);
  await askForCode(page, person);
  const inbox = await openInbox(page);
  const code = (await inbox.locator("#code").textContent()) ?? "";
  await inbox.close();
  await look(page);
  await enterCode(page, code);
  await arriveAt(page, url);
  return page;
}

async function askForCode(page: Page, email: string): Promise<void> {
  await page.getByRole("textbox", { name: "Email" }).fill(email);
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByRole("textbox", { name: "Code" }).waitFor();
}

/** The mail lies behind a link that opens a page of its own. */
async function openInbox(page: Page): Promise<Page> {
  const opened = page.context().waitForEvent("page");
  await page.getByRole("link", { name: "the inbox" }).click();
  const inbox = await opened;
  await inbox.getByRole("heading", { name: /^Inbox of/ }).waitFor();
  return inbox;
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.getByRole("textbox", { name: "Code" }).fill(code);
  await page.getByRole("button", { name: "Sign in" }).click();
}
