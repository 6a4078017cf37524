import type { Gateway } from "./config.ts";
import { plainPage } from "./plain-page.ts";
import type { Route } from "./routes.ts";

/** What a browser sends once its reader has gone on: of this host alone and over https only (RFC 6265bis, 4.1.3.2). */
export const TOLD = "__Host-owners-key=told";

const CONTENT = `<p>OpenClaw's own page asks for OpenClaw's token and keeps it in this browser.</p>
<p>Whoever uses this browser, or reads its files, can then do everything the owner can, commands on the Pi included. Open it only on a device of your own.</p>
<p>The chat needs no key.</p>
<button type="button">Open it in this browser</button>
<a class="other" href="/chat.html">Go to the chat</a>
<small>With <code>signIn: access</code> in the gateway's config, no browser needs a key: the sign-in is enough.</small>`;

/**
 * Loads the same address again, so that a token behind its `#` is neither lost nor sent anywhere. Safari forgets what a
 * script has set after seven days (https://webkit.org/blog/8613/intelligent-tracking-prevention-2-1/), and tells again.
 */
const SCRIPT = `
document.querySelector("button").addEventListener("click", () => {
  document.cookie = "${TOLD}; path=/; secure; samesite=lax; max-age=31536000";
  location.reload();
});
`;

/**
 * In `token` mode, what stands before the Control UI until a browser's reader has been told that it will hold the
 * owner's key. It is information and no wall: whoever sends the cookie, or asks as no browser does, goes straight
 * through, and so does http, over which no browser would keep it. Who may be here at all is decided before.
 * @returns nothing where OpenClaw's own page is due
 */
export function keyNotice(
  { method, url, headers }: Request,
  { kind, target }: Route,
  { signIn }: Gateway,
): Response | undefined {
  if (kind !== "page" || target !== "/" || signIn.mode !== "token") return undefined;
  if (method !== "GET" || headers.get("sec-fetch-mode") !== "navigate" || !url.startsWith("https:"))
    return undefined;
  if (headers.get("cookie")?.split(";").some(isTold)) return undefined;
  return plainPage({ title: "This browser will hold the owner's key", content: CONTENT, script: SCRIPT });
}

const isTold = (cookie: string): boolean => cookie.trim() === TOLD;
