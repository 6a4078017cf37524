import type { Turn } from "./conversation.ts";
import { LiveText } from "./markdown/live.ts";
import { fromTemplate, parts, within } from "./parts.ts";

const { log, welcome, down } = parts;

/** How near to its end, in CSS pixels, someone reads along. */
const NEAR_END = 64;

const ENDINGS = { whole: "", stopped: "Stopped.", broken: "The answer broke off." } as const;

/** A question and its answer on the page. */
export interface ShownTurn {
  /** Adds to the answer; what comes within one frame is drawn once. */
  append(text: string): void;
  /** Shows how the answer ended, with what can be done then; gives its text as a person reads it. */
  finish(turn: Turn): string;
  remove(): void;
}

/** Puts a turn at the end of the log, its answer still to come. */
export function showTurn(question: string): ShownTurn {
  const section = fromTemplate("turn");
  const answer = within(section, "article.assistant", HTMLElement);
  const body = within(answer, ".body", HTMLElement);
  const text = new LiveText(body);
  within(section, ".user .body", HTMLElement).textContent = question;
  answer.classList.add("waiting");
  welcome.hidden = true;
  log.append(section);
  toEnd();
  let pending = "";
  const draw = () => {
    if (pending === "") return;
    const following = isAtEnd();
    text.append(pending);
    pending = "";
    if (following) toEnd();
    else down.hidden = false;
  };
  return {
    append(piece) {
      if (pending === "") requestAnimationFrame(draw);
      pending += piece;
    },
    finish({ answer: whole, ending }) {
      draw();
      const following = isAtEnd();
      answer.classList.remove("waiting");
      answer.classList.add("ended");
      within(answer, ".ending small", HTMLElement).textContent =
        whole === "" ? "No answer." : ENDINGS[ending];
      within(answer, ".ending .copy", HTMLElement).hidden = whole === "";
      if (following) toEnd();
      return body.innerText;
    },
    remove: () => section.remove(),
  };
}

/** Takes all turns off the page. */
export function clearLog(): void {
  for (const turn of log.querySelectorAll(".turn")) turn.remove();
  welcome.hidden = false;
  down.hidden = true;
}

export function toEnd(): void {
  log.scrollTop = log.scrollHeight;
  down.hidden = true;
}

/** Someone who has scrolled up to read is left there. */
function isAtEnd(): boolean {
  return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
}

log.addEventListener("scroll", () => {
  down.hidden = isAtEnd();
});
down.addEventListener("click", toEnd);
