import type { Conversation } from "./conversation.ts";
import { fromTemplate, parts, within } from "./parts.ts";

/** What can be done with a conversation in the list. */
export type Deed = "open" | "rename" | "delete";

/** Shows the list of conversations; `current` is the one on the page. */
export function showConversations(conversations: readonly Conversation[], current: string): void {
  parts.conversations.replaceChildren(
    ...conversations.map(({ id, name }) => {
      const item = fromTemplate("conversation");
      item.dataset.id = id;
      const open = within(item, ".open", HTMLButtonElement);
      open.textContent = name;
      open.title = name;
      if (id === current) open.setAttribute("aria-current", "page");
      within(item, ".rename", HTMLButtonElement).setAttribute("aria-label", `Rename “${name}”`);
      within(item, ".delete", HTMLButtonElement).setAttribute("aria-label", `Delete “${name}”`);
      return item;
    }),
  );
}

/** Tells what is done in the list. */
export function onDeed(act: (deed: Deed, id: string) => void): void {
  parts.conversations.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const button = target.closest("button");
    const id = button?.closest("li")?.dataset.id;
    const deed = (["open", "rename", "delete"] as const).find((name) => button?.classList.contains(name));
    if (deed && id) act(deed, id);
  });
}

/** On a narrow screen the list lies over the conversation until one is chosen. */
export function closeSide(): void {
  if (parts.side.matches(":popover-open")) parts.side.hidePopover();
}
