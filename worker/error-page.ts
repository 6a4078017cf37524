import type { ErrorCode, GatewayError } from "./errors.ts";
import { escaped } from "./html.ts";

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

const STYLE = `
:root{color-scheme:light dark}
body{margin:0;min-height:100svh;display:grid;place-content:center;font:1.0625rem/1.5 system-ui,sans-serif;background:light-dark(#f6f6f4,#161618);color:light-dark(#1c1c1e,#ececee)}
main{max-width:26rem;padding:1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2;margin:0 0 .75rem}
a{display:inline-block;margin:.5rem 0 1.25rem;padding:.6rem 1.1rem;border-radius:.6rem;background:light-dark(#1c1c1e,#ececee);color:light-dark(#fff,#161618);text-decoration:none}
a:focus-visible{outline:3px solid #4c8dff;outline-offset:2px}
small{display:block;color:light-dark(#63636a,#a0a0a8)}
code{font-family:ui-monospace,monospace}
`;

/** A page that says what went wrong and what to do, for a person; nothing of the request stands in it. */
export function errorPage(error: GatewayError, requestId: string): Response {
  const { status, code, message } = error;
  const { href, text } = WAYS[code] ?? AGAIN;
  const title = TITLES[status] ?? "This did not work";
  const nonce = crypto.randomUUID();
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style nonce="${nonce}">${STYLE}</style>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(message)}</p>
<a href="${escaped(href)}">${escaped(text)}</a>
<small>Code <code>${escaped(code)}</code><br>Request <code>${escaped(requestId)}</code></small>
</main>
</html>
`;
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
  return new Response(html, { status, headers: { ...headers, ...error.headers } });
}
