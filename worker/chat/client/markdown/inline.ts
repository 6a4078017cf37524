import { targetOf } from "./target.ts";
import type { Inline, Target } from "./tree.ts";

/** Nobody nests deeper; a text that does is shown as it is written. Bounds time and stack. */
const MAX_OPEN = 40;
/** How far the `]` and `)` of a link are looked for. */
const MAX_LABEL = 500;
const MAX_ADDRESS = 2000;

const PUNCTUATION = /[\p{P}\p{S}]/u;
const SPACE = /\s/;
/** Characters at which plain text may end. */
const SPECIAL = /[\\`*_~![\n<]|https?:\/\//g;

interface Opener {
  readonly character: string;
  length: number;
  readonly both: boolean;
  /** Its place among the nodes. */
  readonly at: number;
}

/**
 * Reads the text of a paragraph, heading or cell: CommonMark's emphasis, code and links, GFM's struck text and bare
 * addresses. HTML, reference links and entities are text; an image is a link that says so.
 * @param linked whether it stands inside a link, which holds no other
 */
export function parseInline(source: string, linked = false): Inline[] {
  const nodes: Inline[] = [];
  const openers: Opener[] = [];
  let at = 0;
  const text = (piece: string) => {
    if (piece !== "") nodes.push(piece);
  };
  while (at < source.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(source)?.index ?? source.length;
    text(source.slice(at, next));
    at = next;
    const character = source[at];
    if (character === undefined) break;
    if (character === "\n") {
      nodes.push({ kind: "break" });
      at += 1;
    } else if (character === "\\") {
      const escaped = source[at + 1] ?? "";
      if (escaped === "\n") nodes.push({ kind: "break" });
      else text(PUNCTUATION.test(escaped) ? escaped : `\\${escaped}`);
      at += 2;
    } else if (character === "*" || character === "_" || character === "~") {
      at = delimiter(source, at, nodes, openers);
    } else {
      const found = special(source, at, linked);
      if (found) nodes.push(found.inline);
      else text(character);
      at = found ? found.end : at + 1;
    }
  }
  return joined(nodes);
}

interface Found {
  readonly inline: Inline;
  readonly end: number;
}

function special(source: string, at: number, linked: boolean): Found | undefined {
  switch (source[at]) {
    case "`":
      return code(source, at);
    case "<":
      return linked ? undefined : angled(source, at);
    case "!":
      return source[at + 1] === "[" ? link(source, at + 1, linked, "Image: ") : undefined;
    case "[":
      return linked ? undefined : link(source, at, linked, "");
    default:
      return linked ? undefined : bare(source, at);
  }
}

function code(source: string, at: number): Found {
  const fence = run(source, at);
  const mark = "`".repeat(fence);
  for (let end = source.indexOf(mark, at + fence); end !== -1; ) {
    const length = run(source, end);
    if (length === fence) {
      const inner = source.slice(at + fence, end).replaceAll("\n", " ");
      const padded = inner.startsWith(" ") && inner.endsWith(" ") && inner.trim() !== "";
      return { inline: { kind: "code", text: padded ? inner.slice(1, -1) : inner }, end: end + fence };
    }
    end = source.indexOf(mark, end + length);
  }
  return { inline: mark, end: at + fence };
}

/** `<https://example.com>` and `<ada@example.com>`. */
function angled(source: string, at: number): Found | undefined {
  const written = /^<([^\s<>]+)>/.exec(source.slice(at, at + MAX_ADDRESS))?.[1];
  if (!written) return undefined;
  const target = targetOf(written) ?? (written.includes("@") ? targetOf(`mailto:${written}`) : undefined);
  return target && { inline: { kind: "link", target, content: [written] }, end: at + written.length + 2 };
}

/** An address in the text; what ends a sentence is no part of it (GFM, 6.9). */
function bare(source: string, at: number): Found | undefined {
  if (/\w/.test(source[at - 1] ?? "")) return undefined;
  let written = /^[^\s<>`]+/.exec(source.slice(at, at + MAX_ADDRESS))?.[0] ?? "";
  for (let last = written.at(-1) ?? ""; ; last = written.at(-1) ?? "") {
    const unbalanced = last === ")" && count(written, ")") > count(written, "(");
    if (!unbalanced && !(last !== "" && "?!.,:*_~'\"];".includes(last))) break;
    written = written.slice(0, -1);
  }
  const target = targetOf(written);
  return target && { inline: { kind: "link", target, content: [written] }, end: at + written.length };
}

/** `[text](address "title")`, from its first bracket. */
function link(source: string, at: number, linked: boolean, prefix: string): Found | undefined {
  const window = source.slice(at, at + MAX_LABEL);
  const close = closing(window);
  if (close === -1 || source[at + close + 1] !== "(") return undefined;
  const rest =
    /^\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)/.exec(
      source.slice(at + close + 1, at + close + MAX_ADDRESS),
    );
  if (!rest) return undefined;
  const label = `${prefix}${window.slice(1, close)}`;
  const end = at + close + 1 + rest[0].length;
  if (linked) return { inline: label, end };
  const target = targetOf((rest[1] ?? rest[2] ?? "").replaceAll(/\\(\p{P}|\p{S})/gu, "$1"));
  // An address that leads nowhere good is shown as it is written, not hidden behind its text.
  return target && { inline: { kind: "link", target, content: labelled(label, target) }, end };
}

/** A link always has a text to click at. */
function labelled(label: string, { place }: Target): readonly Inline[] {
  return label.trim() === "" ? [place] : parseInline(label, true);
}

/** Place of the bracket that closes the one at 0; brackets in code and escaped ones do not count. */
function closing(source: string): number {
  let depth = 0;
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (character === "\\") at += 1;
    else if (character === "`") at = code(source, at).end - 1;
    else if (character === "[") depth += 1;
    else if (character === "]" && --depth === 0) return at;
  }
  return -1;
}

/** A run of `*`, `_` or `~`: closes what it can, and may open (CommonMark, 6.2, rules 1 to 10). */
function delimiter(source: string, at: number, nodes: Inline[], openers: Opener[]): number {
  const character = source[at] ?? "";
  const end = at + run(source, at);
  let left = end - at;
  const before = source[at - 1] ?? " ";
  const after = source[end] ?? " ";
  const leftFlanking = !SPACE.test(after) && (!PUNCTUATION.test(after) || isEdge(before));
  const rightFlanking = !SPACE.test(before) && (!PUNCTUATION.test(before) || isEdge(after));
  const inWord = character === "_" && leftFlanking && rightFlanking;
  const canOpen = leftFlanking && (!inWord || PUNCTUATION.test(before));
  const canClose = rightFlanking && (!inWord || PUNCTUATION.test(after));
  const both = canOpen && canClose;
  while (canClose && left > 0) {
    const found = openers.findLastIndex(
      (opener) =>
        opener.character === character &&
        (character !== "~" || opener.length === left) &&
        (!(both || opener.both) ||
          (opener.length + left) % 3 !== 0 ||
          (opener.length % 3 === 0 && left % 3 === 0)),
    );
    const opener = openers[found];
    if (!opener) break;
    openers.length = found + 1;
    const used = character === "~" ? left : Math.min(opener.length, left, 2);
    const content = joined(nodes.splice(opener.at + 1));
    nodes[opener.at] = character.repeat(opener.length - used);
    nodes.push({ kind: character === "~" ? "struck" : used === 2 ? "strong" : "emphasis", content });
    opener.length -= used;
    left -= used;
    if (opener.length === 0) openers.pop();
  }
  if (left === 0) return end;
  if (canOpen && openers.length < MAX_OPEN && (character !== "~" || left <= 2)) {
    openers.push({ character, length: left, both, at: nodes.length });
  }
  nodes.push(character.repeat(left));
  return end;
}

const isEdge = (character: string) => SPACE.test(character) || PUNCTUATION.test(character);

/** How often the character at a place follows itself. */
function run(source: string, at: number): number {
  let end = at + 1;
  while (source[end] === source[at]) end += 1;
  return end - at;
}

const count = (text: string, character: string) => text.split(character).length - 1;

/** Neighbouring texts as one, empty ones gone. */
function joined(nodes: readonly Inline[]): Inline[] {
  const result: Inline[] = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (typeof node === "string" && typeof last === "string") result[result.length - 1] = last + node;
    else if (node !== "") result.push(node);
  }
  return result;
}
