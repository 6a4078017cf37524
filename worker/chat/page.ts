import { Hono } from "hono";
import styles from "./chat.css";
import html from "./chat.html";
import script from "./client/main.ts?script";

/** Only this origin's own files; nothing inline, nothing embedded, no form that leaves the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** The gateway's own chat page, for those who need no more than to talk. */
export const chatPage = new Hono()
  .get("/chat.html", () => file(html, "text/html"))
  .get("/chat.css", () => file(styles, "text/css"))
  .get("/chat.js", () => file(script, "text/javascript"));

function file(text: string, type: string): Response {
  const headers = { "content-type": `${type}; charset=utf-8`, "content-security-policy": POLICY };
  return new Response(text, { headers });
}
