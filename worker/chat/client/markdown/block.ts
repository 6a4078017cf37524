import { parseInline } from "./inline.ts";
import { parseList } from "./list.ts";
import { isTableStart, parseTable } from "./table.ts";
import type { Block } from "./tree.ts";

/** A block, with the line after its last. */
export interface Parsed {
  readonly block: Block;
  readonly end: number;
}

/** Nobody nests deeper; a text that does is shown as it is written. */
const MAX_DEPTH = 10;

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)/;
const QUOTE = /^ {0,3}> ?/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
/** A bullet or number, and the text after it. */
export const MARKER = /^( *)([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/;

/**
 * Reads a text as blocks: CommonMark's, and GFM's tables and task lists. HTML is text, and so is what is merely
 * indented: models write it by mistake more often than for code.
 */
export function parseBlocks(source: string): Parsed[] {
  return parseLines(source.split("\n"), 0);
}

export function parseLines(lines: readonly string[], depth: number): Parsed[] {
  const blocks: Parsed[] = [];
  for (let at = 0; at < lines.length; ) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const parsed = parseBlock(lines, at, depth);
    blocks.push(parsed);
    at = parsed.end;
  }
  return blocks;
}

/** The blocks alone, for what stands inside another. */
export const contentOf = (lines: readonly string[], depth: number): Block[] =>
  parseLines(lines, depth).map(({ block }) => block);

function parseBlock(lines: readonly string[], at: number, depth: number): Parsed {
  const line = lines[at] ?? "";
  const fence = fenceOf(line);
  if (fence) return code(lines, at, fence);
  const heading = HEADING.exec(line);
  if (heading) {
    const text = line
      .slice(heading[0].length)
      .trim()
      .replace(/(^|[ \t])#+$/, "");
    return {
      block: { kind: "heading", level: heading[1]?.length ?? 1, content: parseInline(text.trim()) },
      end: at + 1,
    };
  }
  if (RULE.test(line)) return { block: { kind: "rule" }, end: at + 1 };
  if (depth < MAX_DEPTH) {
    if (QUOTE.test(line)) return quote(lines, at, depth);
    if (MARKER.test(line)) return parseList(lines, at, depth);
  }
  if (isTableStart(lines, at)) return parseTable(lines, at);
  return paragraph(lines, at);
}

/** Whether a line ends a paragraph that stands before it. */
export function startsBlock(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? "";
  const marker = MARKER.exec(line);
  return (
    fenceOf(line) !== undefined ||
    HEADING.test(line) ||
    QUOTE.test(line) ||
    RULE.test(line) ||
    // A number at a line's beginning may be a sentence's; an empty bullet may be a dash (CommonMark, 5.3).
    (marker !== null && marker[0].length < line.length && !/^([02-9]|1\d)/.test(marker[2] ?? "")) ||
    isTableStart(lines, at)
  );
}

export const isBlank = (line: string | undefined) => line?.trim() === "";

function paragraph(lines: readonly string[], at: number): Parsed {
  let end = at + 1;
  while (end < lines.length && !isBlank(lines[end]) && !startsBlock(lines, end)) end += 1;
  const text = lines.slice(at, end).map((line) => line.trim());
  return { block: { kind: "paragraph", content: parseInline(text.join("\n")) }, end };
}

function quote(lines: readonly string[], at: number, depth: number): Parsed {
  const inner: string[] = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    const quoted = QUOTE.test(line);
    // A paragraph goes on without its mark.
    if (!quoted && (isBlank(line) || isBlank(inner.at(-1)) || startsBlock(lines, end))) break;
    inner.push(quoted ? line.replace(QUOTE, "") : line);
  }
  return { block: { kind: "quote", content: contentOf(inner, depth + 1) }, end };
}

interface Fence {
  readonly mark: string;
  readonly indent: number;
  readonly language: string;
}

function fenceOf(line: string): Fence | undefined {
  const [, mark = "", info = ""] = FENCE.exec(line) ?? [];
  if (mark === "" || (mark.startsWith("`") && info.includes("`"))) return undefined;
  return { mark, indent: line.indexOf(mark), language: info.trim().split(/\s/, 1)[0] ?? "" };
}

/** To its closing fence, or to the end: an answer that is still coming has none yet. */
function code(lines: readonly string[], at: number, { mark, indent, language }: Fence): Parsed {
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = (lines[end] ?? "").trim();
    if (line.startsWith(mark) && line.replaceAll(mark[0] ?? "", "") === "") break;
  }
  const text = lines.slice(at + 1, end).map((line) => line.slice(Math.min(indent, line.search(/\S|$/))));
  return { block: { kind: "code", language, text: text.join("\n") }, end: Math.min(end + 1, lines.length) };
}
