import { readFileSync } from "node:fs";
import { fileOf } from "./pages.ts";

/** The shell lines of a page that the tests run as they stand, by the name above them. */
export function recipesOf(page: string): ReadonlyMap<string, string> {
  const found = page.matchAll(/^ *<!-- tried: (\S+) -->\n *```sh\n([\s\S]*?)^ *```$/gm);
  return new Map([...found].map(([, name = "", lines = ""]) => [name, lines.replaceAll(/^ +/gm, "")]));
}

/** Pages with lines to be tried. */
export const recipePages = [
  "docs/first-deployment.md",
  "docs/maintenance.md",
  "docs/state.md",
  "docs/troubleshooting.md",
];

/** Every recipe of the documentation. */
export const allRecipes = (): ReadonlyMap<string, string> =>
  new Map(recipePages.flatMap((path) => [...recipesOf(readFileSync(fileOf(path), "utf8"))]));

/** Shell blocks of a page that nobody says were tried, or why not: the line before each of them. */
export const untried = (page: string): string[] =>
  [...page.matchAll(/^(.*)\n *```sh\n/gm)]
    .map(([, before = ""]) => before.trim())
    .filter((before) => !/^<!-- (tried: \S+|by hand: .+|file: \S+) -->$/.test(before));
