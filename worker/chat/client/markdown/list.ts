import { contentOf, isBlank, MARKER, type Parsed, startsBlock } from "./block.ts";
import type { Item } from "./tree.ts";

/** Reads a list, from the line of its first bullet or number. */
export function parseList(lines: readonly string[], first: number, depth: number): Parsed {
  const [, , opening = ""] = MARKER.exec(lines[first] ?? "") ?? [];
  const kind = opening.at(-1);
  const items: string[][] = [];
  let indent = 0;
  let content = 0;
  let loose = false;
  let blanks = 0;
  let end = first;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    if (isBlank(line)) {
      blanks += 1;
      continue;
    }
    const depthOfLine = line.search(/\S/);
    const marker = MARKER.exec(line);
    const item = items.at(-1);
    // Models indent what belongs to an item by two or three, whatever its bullet's width.
    const inside = item !== undefined && depthOfLine >= Math.min(content, indent + 2);
    if (!inside && marker && marker[2]?.at(-1) === kind && !(end > first && isRule(line))) {
      if (blanks > 0 && item) loose = true;
      indent = depthOfLine;
      content = marker[0].length;
      items.push([asTask(line.slice(content))]);
    } else if (inside) {
      loose ||= blanks > 0 && !marker;
      item.push(...Array<string>(blanks).fill(""));
      item.push(line.slice(Math.min(content, depthOfLine)));
    } else if (item && blanks === 0 && !startsBlock(lines, end)) {
      item.push(line.trimStart());
    } else {
      break;
    }
    blanks = 0;
  }
  const start = /\d/.test(opening) ? Number.parseInt(opening, 10) : undefined;
  const parsed = items.map((item): Item => ({ tight: !loose, content: contentOf(item, depth + 1) }));
  return { block: { kind: "list", start, items: parsed }, end };
}

const isRule = (line: string) => /^ {0,3}([-*])[ \t]*(?:\1[ \t]*){2,}$/.test(line);

/** GFM's task list, to look at: the page has nowhere to keep a tick. */
const asTask = (text: string) => text.replace(/^\[ \] /, "☐ ").replace(/^\[[xX]\] /, "☑ ");
