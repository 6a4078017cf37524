/** Rows as lines of aligned columns: where all cells but the header begin with a digit, to the right. */
export function alignedTable(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  const columns = header.map((_, column) => ({
    width: Math.max(...rows.map((row) => row[column]?.length ?? 0)),
    numbers: body.every((row) => /^\d|^$/.test(row[column] ?? "")),
  }));
  const line = (row: readonly string[]) =>
    columns
      .map(({ width, numbers }, column) => {
        const cell = row[column] ?? "";
        return numbers ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
