import { type DayLeft, models } from "./api.ts";
import { assistantsOf } from "./assistants.ts";
import { copy, fitViewport, storageOf } from "./browser.ts";
import { askPerson } from "./dialog.ts";
import { hideNotice, showNotice, showTrouble } from "./notice.ts";
import { parts } from "./parts.ts";
import { closeSide, onDeed, showConversations } from "./side.ts";
import { ConversationStore } from "./store.ts";
import { Tab } from "./tab.ts";
import { Talk } from "./talk.ts";
import { troubleOf } from "./trouble.ts";

const { draft, composer, stop, model, log } = parts;
/** As the gateway has written it into the page: `person:EMAIL` or `service:NAME`. */
const identity = document.querySelector<HTMLMetaElement>("meta[name=identity]")?.content ?? "";
const shelf = storageOf("localStorage");
const store = new ConversationStore(shelf, identity);
const tab = new Tab(identity);
let told = false;

const talk = new Talk(store, {
  model: () => model.value, // nothing before the list is there: then the gateway picks one that this role may talk to
  draft: () => draft.value,
  setDraft,
  changed: show,
  left: showLeft,
  ended(text, ending) {
    parts.status.textContent = ending === "whole" ? `Answer: ${text}` : `Answer, cut short: ${text}`;
  },
  trouble: showTrouble,
  notKept() {
    if (told) return;
    told = true;
    showNotice(
      shelf
        ? "This browser has no room for more. Delete conversations, or what is said now is gone with this page."
        : "This browser keeps nothing for this page: what is said is gone with it.",
    );
  },
});

parts.who.textContent = identity.slice(identity.indexOf(":") + 1);
if (draft.value === "") draft.value = tab.read("draft");
else tab.write("draft", draft.value); // typed while this script was still on its way
talk.open(tab.read("open"));
// On a touch screen Enter is the only way to a new line.
const touch = matchMedia("(pointer: coarse)").matches;
if (touch) draft.enterKeyHint = "enter";
else draft.focus();
fitViewport();
void loadAssistants();

draft.addEventListener("input", () => tab.write("draft", draft.value));

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = draft.value.trim();
  if (question === "" || talk.busy) return;
  hideNotice();
  setDraft("");
  parts.status.textContent = "Waiting for the answer.";
  void talk.ask(question);
});

draft.addEventListener("keydown", (event) => {
  // While an input method is composing, Enter chooses a candidate.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  const above = document.querySelector("dialog[open], :popover-open");
  if (event.key === "Escape" && !above && talk.busy) stopAnswer();
  if (event.key.toLowerCase() !== "o" || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  begin();
});

stop.addEventListener("click", stopAnswer);
for (const button of [parts.fresh, parts.freshHere]) button.addEventListener("click", begin);
log.addEventListener("click", ({ target }) => {
  if (target instanceof Element) void press(target);
});
onDeed((deed, id) => void act(deed, id));

parts.forget.addEventListener("click", async () => {
  const text = "All your conversations in this browser go. What OpenClaw remembers of them stays with it.";
  if (await askPerson({ title: "Delete all conversations?", text, yes: "Delete all" })) talk.clear();
});

parts.signOut.addEventListener("click", async () => {
  const check = "Also delete my conversations in this browser";
  const answer = await askPerson({ title: "Sign out?", yes: "Sign out", check });
  if (!answer) return;
  if (answer.check) talk.clear();
  // https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/
  location.assign("/cdn-cgi/access/logout");
});

// Another tab has written or deleted something.
window.addEventListener("storage", ({ key }) => {
  const id = key === null ? undefined : store.reload(key);
  if (id === talk.conversation.id && !talk.busy) talk.open(id);
  else if (id) show();
});
window.addEventListener("pagehide", () => talk.keepUnfinished());

async function loadAssistants(): Promise<void> {
  try {
    const assistants = assistantsOf(await models());
    model.replaceChildren(...assistants.map(({ model: value, name }) => new Option(name, value)));
    parts.assistants.hidden = assistants.length < 2;
    chooseAssistant();
  } catch (error) {
    showTrouble(troubleOf(error), () => {
      hideNotice();
      void loadAssistants();
    });
  }
}

/** A conversation goes on with the assistant that it was last had with, as long as there is that one. */
function chooseAssistant(): void {
  const last = talk.conversation.model;
  if ([...model.options].some(({ value }) => value === last)) model.value = last ?? "";
}

/** The page as the talk now stands. */
function show(): void {
  const { conversation, busy } = talk;
  parts.name.textContent = conversation.name;
  document.title = `${conversation.name} · Chat`;
  log.setAttribute("aria-busy", String(busy));
  parts.send.hidden = busy;
  stop.hidden = !busy;
  tab.write("open", conversation.id);
  const all = store.all();
  showConversations(all, conversation.id);
  parts.forget.hidden = all.length === 0;
}

function showLeft({ requests, tokens }: DayLeft): void {
  const said = [requests, tokens].map((value) => value?.toLocaleString());
  if (said[0]) parts.left.textContent = `${said[0]} more today.`;
  else if (said[1]) parts.left.textContent = `${said[1]} tokens left today.`;
}

function begin(): void {
  closeSide();
  hideNotice();
  talk.open();
  draft.focus();
}

function stopAnswer(): void {
  talk.stop();
  draft.focus();
}

function setDraft(text: string): void {
  draft.value = text;
  tab.write("draft", text);
}

async function act(deed: "open" | "rename" | "delete", id: string): Promise<void> {
  const name = store.get(id)?.name ?? "";
  if (deed === "open") {
    closeSide();
    hideNotice();
    talk.open(id);
    chooseAssistant();
    if (!touch) draft.focus();
  } else if (deed === "rename") {
    const answer = await askPerson({ title: "Rename", yes: "Rename", field: name });
    if (answer) talk.rename(id, answer.field);
  } else if (await askPerson({ title: "Delete this conversation?", text: name, yes: "Delete" })) {
    talk.delete(id);
  }
}

/** A button in the log. */
async function press(target: Element): Promise<void> {
  const button = target.closest("button");
  const turn = button?.closest(".turn");
  if (!button || !turn) return;
  if (button.classList.contains("retry")) {
    hideNotice();
    talk.again();
  } else {
    const index = [...log.querySelectorAll(".turn")].indexOf(turn);
    const code = button.closest(".code")?.querySelector("pre")?.textContent;
    const copied = await copy(code ?? talk.conversation.turns[index]?.answer ?? "");
    parts.status.textContent = copied ? "Copied." : "The browser does not let this page copy.";
    button.classList.toggle("done", copied);
    setTimeout(() => button.classList.remove("done"), 1500);
  }
}
