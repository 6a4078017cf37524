import { Hono } from "hono";
import type { Found } from "../exchange.ts";
import { escaped } from "../html.ts";
import { type Identity, subjectOf } from "../identity/auth.ts";
import { opensPart } from "../identity/roles.ts";
import styles from "./chat.css";
import html from "./chat.html";
import script from "./client/main.ts?script";

/**
 * The page's own two files, by a nonce, and nothing else: of this origin are OpenClaw's scripts too. Nothing inline,
 * nothing embedded, no form that leaves the page, no name looked up for a link before it is clicked.
 */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

/** The way to OpenClaw's own page, for those whom it would not refuse. */
const TO_CONTROL = `<a id="control" class="quiet" href="/">OpenClaw's own page</a>`;

/** The gateway's own chat page, for those who need no more than to talk. */
export const chatPage = new Hono<{ Bindings: Found }>()
  .get("/chat.html", ({ env }) => page(env.identity, opensPart(env.identity, "control", env.gateway)))
  .get("/chat.css", () => file(styles, "text/css"))
  .get("/chat.js", () => file(script, "text/javascript"));

/** The page says whose it is, so that each identity finds its own conversations in a shared browser. */
function page(identity: Identity, opensControl: boolean): Response {
  const nonce = crypto.randomUUID();
  const text = html
    .replace("%CONTROL%", opensControl ? TO_CONTROL : "")
    .replaceAll("%NONCE%", nonce)
    .replaceAll("%IDENTITY%", () => escaped(subjectOf(identity)));
  return file(text, "text/html", {
    "content-security-policy": policy(nonce),
    "x-dns-prefetch-control": "off",
  });
}

function file(text: string, type: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { headers: { "content-type": `${type}; charset=utf-8`, ...headers } });
}
