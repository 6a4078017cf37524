/** The page's parts, by their ids in chat.html. */
export const parts = {
  side: part("side", HTMLElement),
  fresh: part("new", HTMLButtonElement),
  freshHere: part("new-here", HTMLButtonElement),
  conversations: part("conversations", HTMLUListElement),
  who: part("who", HTMLElement),
  forget: part("forget", HTMLButtonElement),
  signOut: part("sign-out", HTMLButtonElement),
  name: part("name", HTMLElement),
  assistants: part("assistants", HTMLLabelElement),
  model: part("model", HTMLSelectElement),
  log: part("log", HTMLElement),
  welcome: part("welcome", HTMLElement),
  down: part("down", HTMLButtonElement),
  notice: part("notice", HTMLElement),
  noticeText: part("notice-text", HTMLElement),
  noticeDetail: part("notice-detail", HTMLElement),
  signIn: part("sign-in", HTMLAnchorElement),
  again: part("again", HTMLButtonElement),
  dismiss: part("dismiss", HTMLButtonElement),
  composer: part("composer", HTMLFormElement),
  draft: part("draft", HTMLTextAreaElement),
  send: part("send", HTMLButtonElement),
  stop: part("stop", HTMLButtonElement),
  left: part("left", HTMLElement),
  status: part("status", HTMLElement),
  dialog: part("dialog", HTMLDialogElement),
  dialogTitle: part("dialog-title", HTMLElement),
  dialogText: part("dialog-text", HTMLElement),
  dialogField: part("dialog-field", HTMLLabelElement),
  dialogInput: part("dialog-input", HTMLInputElement),
  dialogCheck: part("dialog-check", HTMLLabelElement),
  dialogBox: part("dialog-box", HTMLInputElement),
  dialogBoxText: part("dialog-box-text", HTMLElement),
  dialogYes: part("dialog-yes", HTMLButtonElement),
};

const templates = {
  conversation: part("conversation", HTMLTemplateElement),
  turn: part("turn", HTMLTemplateElement),
};

function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`chat.html has no ${id}`);
  return found;
}

/** A new element as a template of chat.html has it. */
export function fromTemplate(name: keyof typeof templates): HTMLElement {
  const made = templates[name].content.firstElementChild?.cloneNode(true);
  if (!(made instanceof HTMLElement)) throw new Error(`the template ${name} is empty`);
  return made;
}

/** The one element within another that a selector names. */
export function within<T extends HTMLElement>(root: HTMLElement, selector: string, type: new () => T): T {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`chat.html has no ${selector}`);
  return found;
}
