/** A Markdown table. Cells may hold anything but line breaks; an absent cell is empty. */
export function table(head: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const line = (cells: readonly (string | undefined)[]) =>
    `| ${cells.map((cell = "") => cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const code = (text: string): string => `\`${text}\``;

/** What stands at the top of a page that nobody should edit. */
export const generatedFrom = (...sources: readonly string[]): string =>
  `<!-- Written by \`npm run docs\` from ${sources.join(" and ")}: change it there. -->`;
