import { parseBlocks } from "./block.ts";
import { render } from "./render.ts";
import { settle } from "./settle.ts";

/**
 * A text on the page that still grows. A block that is followed by another is never touched again, and in the last
 * one only what is new changes: what someone has selected stays selected, and a long answer costs no more than its end.
 */
export class LiveText {
  readonly #root: HTMLElement;
  /** What is not yet beyond change, and the place of its first block on the page. */
  #rest = "";
  #settled = 0;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  append(text: string): void {
    this.#rest += text;
    const parsed = parseBlocks(this.#rest);
    const made = parsed.map(({ block }) => render(block));
    const shown = [...this.#root.children].slice(this.#settled);
    made.forEach((block, index) => {
      const before = shown[index];
      if (before) morph(before, block);
      else this.#root.append(block);
    });
    for (const left of shown.slice(made.length)) left.remove();
    const { blocks, rest } = settle(this.#rest, parsed);
    this.#settled += blocks;
    this.#rest = rest;
  }
}

/** Makes a node like another that it may keep, changing no more than differs. */
function morph(old: ChildNode, wanted: ChildNode): void {
  if (old instanceof Text && wanted instanceof Text) {
    // Cutting and adding at the end leaves a selection where it is; replacing would not.
    let same = 0;
    while (same < old.length && old.data[same] === wanted.data[same]) same += 1;
    if (same < old.length) old.deleteData(same, old.length - same);
    if (same < wanted.length) old.appendData(wanted.data.slice(same));
    return;
  }
  if (!(old instanceof Element && wanted instanceof Element && isLike(old, wanted))) {
    old.replaceWith(wanted);
    return;
  }
  const had = [...old.childNodes];
  const wants = [...wanted.childNodes];
  wants.forEach((child, index) => {
    const before = had[index];
    if (before) morph(before, child);
    else old.append(child);
  });
  for (const left of had.slice(wants.length)) left.remove();
}

/** Whether two elements are alike but for what is in them. */
function isLike(one: Element, other: Element): boolean {
  return one.cloneNode(false).isEqualNode(other.cloneNode(false));
}
