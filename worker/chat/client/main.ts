import { ask, type Message, models, SignedOutError } from "./api.ts";
import { busy, clearLog, notice, parts, show, showWaiting } from "./view.ts";

const { clear, composer, draft, model, stop } = parts;
/** The draft outlives the way to the login page and back, in this tab only. */
const DRAFT_KEY = "draft";

let messages: Message[] = [];
let running: AbortController | undefined;

draft.value = sessionStorage.getItem(DRAFT_KEY) ?? "";
draft.addEventListener("input", () => sessionStorage.setItem(DRAFT_KEY, draft.value));

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const content = draft.value.trim();
  if (content && !running) void converse(content);
});

draft.addEventListener("keydown", (event) => {
  // While an input method is composing, Enter chooses a candidate.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});
stop.addEventListener("click", () => running?.abort());

clear.addEventListener("click", () => {
  running?.abort();
  messages = [];
  clearLog();
  notice();
  draft.focus();
});

draft.focus();
void loadModels();

async function loadModels(): Promise<void> {
  try {
    const names = await models();
    model.replaceChildren(...names.map((name) => new Option(name.replace(/^openclaw\//, ""), name)));
    model.disabled = names.length < 2;
  } catch (error) {
    model.replaceChildren(new Option("openclaw", "openclaw"));
    explain(error);
  }
}

/** Asks with the whole conversation. Only a question with an answer becomes part of it. */
async function converse(content: string): Promise<void> {
  const conversation = messages;
  const question: Message = { role: "user", content };
  const control = new AbortController();
  running = control;
  notice();
  busy(true);
  setDraft("");
  show("user", content);
  const shown = showWaiting();
  let text = "";
  try {
    for await (const piece of ask(model.value, [...conversation, question], control.signal)) {
      text += piece;
      shown.append(piece);
    }
    shown.finish();
  } catch (error) {
    shown.finish(control.signal.aborted ? "Stopped." : "No complete answer.");
    if (!control.signal.aborted) explain(error);
    if (text === "" && draft.value === "") setDraft(content);
  } finally {
    if (text) conversation.push(question, { role: "assistant", content: text });
    running = undefined;
    busy(false);
    draft.focus();
  }
}

function setDraft(text: string): void {
  draft.value = text;
  sessionStorage.setItem(DRAFT_KEY, text);
}

function explain(error: unknown): void {
  if (error instanceof SignedOutError) notice("Your sign-in has expired. What you wrote is kept.", true);
  else if (error instanceof TypeError) notice("The gateway cannot be reached. Is this device online?");
  else notice(error instanceof Error ? error.message : "Something went wrong.");
}
