import { parts } from "./parts.ts";
import type { Trouble } from "./trouble.ts";

const { notice, noticeText, noticeDetail, signIn, again, dismiss } = parts;

let tryAgain: (() => void) | undefined;
let clock: ReturnType<typeof setInterval> | undefined;

/** Says what went wrong, and offers to try again: not before it makes sense. */
export function showTrouble({ text, detail, signIn: leads, againAt }: Trouble, retry?: () => void): void {
  hideNotice();
  notice.hidden = false;
  noticeText.textContent = text;
  noticeDetail.textContent = detail;
  signIn.hidden = !leads;
  tryAgain = leads ? undefined : retry;
  again.hidden = tryAgain === undefined;
  if (againAt === undefined) return;
  const tick = () => {
    const seconds = Math.ceil((againAt - Date.now()) / 1000);
    again.disabled = seconds > 0;
    again.textContent = seconds > 0 ? `Try again in ${span(seconds)}` : "Try again";
    if (seconds <= 0) clearInterval(clock);
  };
  clock = setInterval(tick, 1000);
  tick();
}

/** Says something that needs nothing but to be known. */
export const showNotice = (text: string) =>
  showTrouble({ text, detail: "", signIn: false, againAt: undefined });

export function hideNotice(): void {
  clearInterval(clock);
  notice.hidden = true;
  noticeText.textContent = "";
  again.disabled = false;
  again.textContent = "Try again";
  tryAgain = undefined;
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}

again.addEventListener("click", () => tryAgain?.());
dismiss.addEventListener("click", hideNotice);
