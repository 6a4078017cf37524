import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files of pi/ as they run on the Pi, one behind the other: what they export. @param head what stands before them */
export async function joined(names: readonly string[], head = "") {
  const folder = mkdtempSync(join(tmpdir(), "joined-"));
  try {
    const file = join(folder, "joined.mjs");
    const texts = names.map((name) => readFileSync(join(import.meta.dirname, "..", name), "utf8"));
    writeFileSync(file, [head, ...texts].join("\n"));
    return await import(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
