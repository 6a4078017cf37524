import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { configReference } from "./config-reference.ts";
import { withFiles, withTables } from "./embed.ts";
import { errorReference, gatewayErrors } from "./error-reference.ts";
import { logReference } from "./log-reference.ts";
import { permissionReference } from "./permission-reference.ts";
import { withDescriptions } from "./pulumi-yaml.ts";
import { versionReference } from "./version-reference.ts";

const root = join(import.meta.dirname, "../..");

/** A file of the repository that `npm run docs` keeps up to date. */
export interface Page {
  /** From the repository's folder. */
  readonly path: string;
  /** The text as it should be, made from what the file holds now (empty when there is none). */
  readonly text: (current: string) => string;
}

/** What is made from the code alone. */
const generated: Readonly<Record<string, () => string>> = {
  "docs/config.md": configReference,
  "docs/errors.md": errorReference,
  "docs/logs.md": logReference,
  "docs/permissions.md": permissionReference,
  "docs/versions.md": versionReference,
};

/** What a written page may show besides. */
const tables: Readonly<Record<string, () => string>> = { "gateway-errors": gatewayErrors };

/** Every page, generated or written. */
export const pages = (): Page[] => [
  { path: "Pulumi.yaml", text: withDescriptions },
  ...Object.entries(generated).map(([path, text]) => ({ path, text: () => text() })),
  ...globSync(["README.md", "docs/*.md"], { cwd: root })
    .filter((path) => !(path in generated))
    .sort()
    .map((path) => ({ path, text: (page: string) => withTables(withFiles(page), tables) })),
];

/** What a page holds now; empty when it is not there. */
export function readPage(path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Where a page is on this machine. */
export const fileOf = (path: string): string => join(root, path);

/** Pages that are not what the code says now. */
export const stalePages = (): string[] =>
  pages()
    .filter(({ path, text }) => {
      const current = readPage(path);
      return text(current) !== current;
    })
    .map(({ path }) => path);
