import { element } from "./element.ts";
import { LiveText } from "./markdown/live.ts";

/** The page's parts, by their ids in chat.html. */
export const parts = {
  log: part("log", HTMLElement),
  welcome: part("welcome", HTMLElement),
  notice: part("notice", HTMLElement),
  noticeText: part("notice-text", HTMLElement),
  signIn: part("sign-in", HTMLAnchorElement),
  composer: part("composer", HTMLFormElement),
  draft: part("draft", HTMLTextAreaElement),
  model: part("model", HTMLSelectElement),
  send: part("send", HTMLButtonElement),
  stop: part("stop", HTMLButtonElement),
  clear: part("clear", HTMLButtonElement),
};

function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`chat.html has no ${id}`);
  return element;
}

/** A message on the page, to which text can still be added. */
export interface Shown {
  append(text: string): void;
  /** Marks the message as complete, with a word on how it ended where it was not by itself. */
  finish(note?: string): void;
}

/** Shows a message: an assistant's as markdown, one's own as it was written. */
export function show(role: "user" | "assistant", content: string): Shown {
  parts.welcome.hidden = true;
  const article = document.createElement("article");
  article.className = role;
  const heading = document.createElement("h2");
  heading.textContent = role === "user" ? "You" : "Assistant";
  const body = element("div", { class: "body" });
  article.append(heading, body);
  parts.log.append(article);
  const text = role === "assistant" ? new LiveText(body) : undefined;
  if (text) text.append(content);
  else body.append(element("p", {}, content));
  toEnd();
  return {
    append(piece) {
      const following = isAtEnd();
      text?.append(piece);
      if (following) toEnd();
    },
    finish(note) {
      article.classList.remove("waiting");
      if (!note) return;
      const small = document.createElement("small");
      small.textContent = note;
      article.append(small);
      toEnd();
    },
  };
}

/** Shows an assistant's message that is still to come. */
export function showWaiting(): Shown {
  const shown = show("assistant", "");
  parts.log.lastElementChild?.classList.add("waiting");
  return shown;
}

/** Takes all messages off the page. */
export function clearLog(): void {
  for (const article of parts.log.querySelectorAll("article")) article.remove();
  parts.welcome.hidden = false;
}

/** Says that something went wrong, or with no text that all is well again. */
export function notice(text = "", signIn = false): void {
  parts.notice.hidden = text === "";
  parts.noticeText.textContent = text;
  parts.signIn.hidden = !signIn;
}

/** While an answer is on its way, Stop stands in Send's place. */
export function busy(on: boolean): void {
  parts.log.setAttribute("aria-busy", String(on));
  parts.send.hidden = on;
  parts.stop.hidden = !on;
}

/** Someone who has scrolled up to read is left there. */
function isAtEnd(): boolean {
  const { scrollHeight, scrollTop, clientHeight } = parts.log;
  return scrollHeight - scrollTop - clientHeight < 48;
}

function toEnd(): void {
  parts.log.scrollTop = parts.log.scrollHeight;
}
