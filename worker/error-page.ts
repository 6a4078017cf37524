import type { ErrorCode, GatewayError } from "./errors.ts";
import { escaped } from "./html.ts";
import { plainPage } from "./plain-page.ts";

interface Way {
  readonly href: string;
  readonly text: string;
}

/** The empty address is the page's own: nothing that the client sent has to stand in it. */
const AGAIN: Way = { href: "", text: "Try again" };
const SIGN_IN: Way = { href: "", text: "Sign in again" };
const START: Way = { href: "/chat.html", text: "Go to the chat" };
/** https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/ */
const OTHER_PERSON: Way = { href: "/cdn-cgi/access/logout", text: "Sign in as someone else" };

/** What a person can do next, where it is not to try again. Signing in is Access's: it takes over when the page is asked for. */
const WAYS: Readonly<Partial<Record<ErrorCode, Way>>> = {
  ACCESS_TOKEN_MISSING: SIGN_IN,
  ACCESS_TOKEN_EXPIRED: SIGN_IN,
  ACCESS_TOKEN_INVALID: SIGN_IN,
  ROLE_MISSING: OTHER_PERSON,
  ROLE_REFUSED: START,
  NOT_FOUND: START,
  URL_REFUSED: START,
  URL_TOO_LONG: START,
  SECRET_IN_URL: START,
  METHOD_NOT_ALLOWED: START,
};

const TITLES: Readonly<Record<number, string>> = {
  401: "Please sign in",
  403: "Not for you",
  404: "Nothing here",
  413: "Too large",
  429: "A little slower",
  502: "The assistant does not answer",
  503: "Not ready",
  504: "The assistant does not answer",
};

/** A page that says what went wrong and what to do, for a person; nothing of the request stands in it. */
export function errorPage(error: GatewayError, requestId: string): Response {
  const { status, code, message, headers } = error;
  const { href, text } = WAYS[code] ?? AGAIN;
  const content = `<p>${escaped(message)}</p>
<a href="${escaped(href)}">${escaped(text)}</a>
<small>Code <code>${escaped(code)}</code><br>Request <code>${escaped(requestId)}</code></small>`;
  return plainPage({ title: TITLES[status] ?? "This did not work", content, status, headers });
}
