import type { Page } from "playwright-core";
import type { Stage } from "../../stage.ts";
import type { WalkBrowser } from "../browser.ts";

/** A piece of the walk that people do in a browser. */
export interface Station {
  readonly name: string;
  /** @throws WalkError, or Playwright's own error, when the page does not come to what is expected */
  walk(visit: Visit): Promise<void>;
}

/** What a station works with. */
export interface Visit {
  readonly stage: Stage;
  /** `https://HOST` of the gateway. */
  readonly url: string;
  readonly browser: WalkBrowser;
  /** What has to be put back once the browser is done, however the walk ends. */
  readonly afterwards: AsyncDisposableStack;
}

/** Whom the stack's config lets in, by role; the owner alone where the sign-in is by token. */
export const people = {
  owner: "owner@example.com",
  member: "member@example.com",
  guest: "guest@example.com",
} as const;
export const { owner } = people;

/** Someone whom it does not. */
export const stranger = "stranger@example.com";

/** Waits until the page is at an address that begins so. */
export const arriveAt = (page: Page, prefix: string): Promise<void> =>
  page.waitForURL((url) => url.href.startsWith(prefix), { waitUntil: "commit" });
