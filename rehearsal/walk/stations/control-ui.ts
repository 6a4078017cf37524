import type { Page } from "playwright-core";
import { listDevices, orderDevice } from "../../../infra/devices.ts";
import { expectAnswer } from "../answers.ts";
import { expect } from "../expect.ts";
import { forgetDevice, piOf } from "./devices.ts";
import { owner, type Station } from "./station.ts";

/**
 * The gateway says first what this browser will hold. OpenClaw's own page then takes the gateway's token by its fragment,
 * and a browser that is new has to be approved.
 */
export const newBrowserIsApproved: Station = {
  name: "the Control UI connects a new browser only after its approval on the Pi",
  async walk({ stage, url, browser, afterwards }) {
    const page = await browser.pageOf(owner);
    await page.getByRole("heading", { name: "This browser will hold the owner's key" }).waitFor();
    await browser.picture(page, "control-ui-will-hold-the-key");
    await page.getByRole("button", { name: "Open it in this browser" }).click();
    await page.getByRole("heading", { name: /expects its token/ }).waitFor();
    await browser.picture(page, "control-ui-asks-for-the-token");

    await page.goto(`${url}/#token=${stage.host.gatewayToken}`);
    await page.getByRole("heading", { name: "Approve this browser" }).waitFor();
    await browser.picture(page, "control-ui-waits-for-approval");
    expect(!page.url().includes(stage.host.gatewayToken), "the page leaves the token in the address bar");

    // What the page tells its reader to run.
    const id = /openclaw devices approve ([0-9a-f-]+)/.exec(await page.locator("body").innerText())?.[1];
    expect(id !== undefined, "the page names no command that approves it");
    // What npm run family -- devices does for those who do not know SSH.
    const pi = piOf(stage);
    const { pending } = await listDevices(pi);
    const device = pending.find(({ requestId }) => requestId === id)?.deviceId;
    expect(device !== undefined, `the request ${id} is not among those that OpenClaw lists`);
    await orderDevice(pi, "approve", id as string);
    afterwards.defer(() => forgetDevice(stage, device as string));
    const { paired } = await listDevices(pi);
    expect(
      paired.some(({ deviceId }) => deviceId === device),
      "the device that was approved is not listed as let in",
    );
    await composer(page).waitFor();
  },
};

/** The page is whole: it chats, and each place in its menu can be opened by its address, as a reload does. */
export const ownerChats: Station = {
  name: "OpenClaw answers in the Control UI",
  async walk({ stage, url, browser }) {
    const page = await browser.pageOf(owner);
    if (stage.host.ownModel) {
      await askInNewSession(page, url); // not in the owner's own conversation
    } else {
      await composer(page).fill("Say good night");
      await page.getByRole("button", { name: "Send message" }).click(); // it takes nothing before it is connected
    }
    const conversation = page.getByRole("log");
    const answers = conversation.getByRole("button", { name: "Copy as markdown" }); // below each that is whole
    const before = await answers.count();
    await send(page);
    await answers.nth(before).waitFor();
    expectAnswer(stage.host, await conversation.innerText(), "The rehearsal's model heard: Say good night");
    await browser.picture(page, "control-ui-chat");

    const menu = page.getByRole("navigation").getByRole("link");
    const places = await menu.evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    expect(places.length > 3, `the menu has ${places.length} places`);
    for (const place of places.filter((href) => href.startsWith(url))) {
      const status = await page.evaluate(async (address) => (await fetch(address)).status, place);
      expect(status === 200, `${new URL(place).pathname}, which is in the menu, is answered ${status}`);
    }
  },
};

export const composer = (page: Page) => page.getByRole("textbox", { name: "Chat composer" });

/**
 * Sends what is written. While it still loads its conversation, the page lets a press of the button go by without a
 * word and keeps the text, so that its reader presses again.
 */
export async function send(page: Page): Promise<void> {
  const button = page.getByRole("button", { name: "Send message" });
  for (let pressed = 0; (await composer(page).inputValue()) !== ""; pressed++) {
    expect(pressed < 20, "the page does not send what is written");
    await button.click();
    const emptied = () => document.querySelector("textarea")?.value === "";
    await page.waitForFunction(emptied, undefined, { timeout: 3_000 }).catch(() => {});
  }
}

async function askInNewSession(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/new?agent=main`);
  await page.getByText("Recent chats").waitFor(); // it is connected
  const question = page.getByPlaceholder("What should this session work on?");
  await question.fill("Say good night");
  await question.press("Enter");
}
