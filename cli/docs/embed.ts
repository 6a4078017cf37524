import { readFileSync } from "node:fs";
import { extname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const languages: Readonly<Record<string, string>> = { ".sh": "sh", ".ts": "ts", ".py": "python" };

/**
 * A written page with the tables it names, made from the code: between `<!-- table: NAME -->` and the next
 * `<!-- end -->`.
 *
 * @throws Error when there is no table of that name
 */
export function withTables(page: string, tables: Readonly<Record<string, () => string>>): string {
  return page.replaceAll(/<!-- table: (\S+) -->\n[\s\S]*?<!-- end -->/g, (_found: string, name: string) => {
    const made = tables[name];
    if (!made) throw new Error(`there is no table ${name}`);
    return `<!-- table: ${name} -->\n${made()}\n<!-- end -->`;
  });
}

/**
 * A written page with the text of the files it names, so that what is shown is what is tested: between
 * `<!-- file: examples/curl.sh -->` and the next `<!-- end -->` stands that file, whole.
 *
 * @throws Error when a file is not there or an end is missing
 */
export function withFiles(page: string): string {
  return page.replaceAll(
    /<!-- file: (\S+) -->\n(?:[\s\S]*?<!-- end -->)?/g,
    (found: string, path: string) => {
      if (!found.endsWith("<!-- end -->"))
        throw new Error(`after <!-- file: ${path} --> there is no <!-- end -->`);
      const text = readFileSync(join(root, path), "utf8").trimEnd();
      return `<!-- file: ${path} -->\n\`\`\`${languages[extname(path)] ?? ""}\n${text}\n\`\`\`\n<!-- end -->`;
    },
  );
}
