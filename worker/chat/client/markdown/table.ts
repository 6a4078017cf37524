import { isBlank, type Parsed, startsBlock } from "./block.ts";
import { parseInline } from "./inline.ts";
import type { Alignment } from "./tree.ts";

/** Wider ones nobody reads. Bounds what a few short lines can make the page build. */
const MAX_COLUMNS = 50;

/** Whether a table's header stands here: it is known by the line below it (GFM, 4.10). */
export function isTableStart(lines: readonly string[], at: number): boolean {
  const header = lines[at];
  if (!header?.includes("|")) return false;
  const columns = alignments(lines[at + 1])?.length;
  return columns !== undefined && columns === cells(header).length && columns <= MAX_COLUMNS;
}

/** Reads a table, from the line of its header. */
export function parseTable(lines: readonly string[], at: number): Parsed {
  const align = alignments(lines[at + 1]) ?? [];
  const rows = [cells(lines[at] ?? "")];
  let end = at + 2;
  for (; end < lines.length && !isBlank(lines[end]) && !startsBlock(lines, end); end += 1) {
    rows.push(cells(lines[end] ?? ""));
  }
  const filled = rows.map((row) => align.map((_, column) => parseInline(row[column] ?? "")));
  return { block: { kind: "table", align, rows: filled }, end };
}

function alignments(line: string | undefined): Alignment[] | undefined {
  if (!line?.includes("|") || /[^-:|\s]/.test(line)) return undefined;
  const marks = cells(line);
  if (!marks.every((mark) => /^:?-+:?$/.test(mark))) return undefined;
  return marks.map((mark) => {
    if (mark.endsWith(":")) return mark.startsWith(":") ? "center" : "right";
    return mark.startsWith(":") ? "left" : undefined;
  });
}

/** A row's cells; `\|` is no border, in code neither. */
function cells(line: string): string[] {
  const parts = line.trim().split(/(?<!\\)\|/);
  if (parts[0]?.trim() === "") parts.shift();
  if (parts.length > 1 && parts.at(-1)?.trim() === "") parts.pop();
  return parts.map((part) => part.trim().replaceAll("\\|", "|"));
}
