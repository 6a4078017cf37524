import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { configSchema } from "../../infra/config.ts";
import { errorCodes } from "../../infra/error-codes.ts";
import { ERRORS } from "../../worker/errors.ts";
import { configKeys, configReference } from "./config-reference.ts";
import { withFiles, withTables } from "./embed.ts";
import { errorReference } from "./error-reference.ts";
import { fileOf, stalePages } from "./pages.ts";
import { withDescriptions } from "./pulumi-yaml.ts";
import { recipePages, recipesOf, untried } from "./recipes.ts";

test("no page is stale: else run `npm run docs`", () => {
  expect(stalePages()).toEqual([]);
});

describe("the config reference", () => {
  test("has every key of the schema, nested ones and those of lists too", () => {
    const paths = configKeys().map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["accountId", "pi", "pi.hostKey", "access.emails[0]"]));
    expect(paths).toContain("serviceTokens[0].duration");
    for (const key of Object.keys(configSchema.shape))
      expect(paths.some((path) => path.startsWith(key))).toBe(true);
  });

  test("gives each key that is a value a sentence and a line that sets it", () => {
    for (const { path, schema } of configKeys()) {
      expect([path, schema.description?.endsWith(".") ?? false]).toEqual([path, true]);
      const group = schema.properties ?? schema.items?.properties;
      expect([path, schema.example !== undefined]).toEqual([path, group === undefined]);
    }
  });

  test("sets a secret from standard input, never in an argument", () => {
    expect(configReference()).toContain(
      "`npx pulumi config set --path --secret pi.privateKey < ~/.ssh/id_ed25519`",
    );
  });
});

test("the error reference has every code of the program and of the Worker", () => {
  const text = errorReference();
  for (const code of [...Object.keys(errorCodes), ...Object.keys(ERRORS)])
    expect(text).toContain(`| \`${code}\` |`);
});

describe("Pulumi.yaml", () => {
  const yaml = readFileSync(fileOf("Pulumi.yaml"), "utf8");

  test("gets back a sentence that was changed by hand", () => {
    const changed = yaml.replace(/( {2}accountId:\n(?: {4}.*\n)*? {4}description: ).*/, '$1"something else"');
    expect(changed).not.toBe(yaml);
    expect(withDescriptions(changed)).toBe(withDescriptions(yaml));
  });

  test.each([
    ["a key that the program does not know", yaml.replace("  pi:\n", "  pie:\n"), /pi, pie/],
    [
      "a key without a sentence",
      yaml.replace(/ {4}description: "Id of.*\n/, ""),
      /accountId has no description/,
    ],
  ])("is refused with %s", (_what, text, message) => {
    expect(() => withDescriptions(text)).toThrow(message);
  });
});

describe("a page that shows a file", () => {
  const shown = "<!-- file: examples/curl.sh -->\n<!-- end -->";

  test("has its whole text, and gets it anew when it was changed", () => {
    const page = withFiles(shown);
    expect(page).toContain(readFileSync(fileOf("examples/curl.sh"), "utf8").trimEnd());
    expect(withFiles(page)).toBe(page);
    expect(withFiles(page.replace("curl --silent", "curl"))).toBe(page);
  });

  test("is refused when the file is not there, or the end is missing", () => {
    expect(() => withFiles("<!-- file: examples/none.sh -->\n<!-- end -->")).toThrow(/none\.sh/);
    expect(() => withFiles("<!-- file: examples/curl.sh -->\n")).toThrow(/no <!-- end -->/);
  });
});

test("a table is made anew from the code, and one that nobody makes is refused", () => {
  const page = "<!-- table: one -->\nold\n<!-- end -->\nrest";
  const made = withTables(page, { one: () => "| new |" });
  expect(made).toBe("<!-- table: one -->\n| new |\n<!-- end -->\nrest");
  expect(withTables(made, { one: () => "| new |" })).toBe(made);
  expect(() => withTables(page, {})).toThrow("there is no table one");
});

describe("the pages' shell lines", () => {
  const written = globSync(["README.md", "docs/*.md"], { cwd: fileOf("") });

  test("are tried, a file that is tried, or said to be neither and why", () => {
    for (const path of written)
      expect([path, untried(readFileSync(fileOf(path), "utf8"))]).toEqual([path, []]);
  });

  test("are found by the name above them, without the indent of a list", () => {
    const page = "1. Do it.\n\n   <!-- tried: it -->\n   ```sh\n   one\n   two\n   ```\n";
    expect([...recipesOf(page)]).toEqual([["it", "one\ntwo\n"]]);
    expect(untried("It:\n\n```sh\nrm x\n```\n")).toEqual([""]);
  });

  test("that are tried stand on the pages that the tests read", () => {
    const pagesWithRecipes = written.filter((path) =>
      readFileSync(fileOf(path), "utf8").includes("<!-- tried:"),
    );
    expect(pagesWithRecipes.sort()).toEqual([...recipePages].sort());
  });

  test("lead to pages that are there", () => {
    for (const path of written)
      for (const [, target = ""] of readFileSync(fileOf(path), "utf8").matchAll(/\]\(((?!https?:)[^)#]+)/g))
        expect([path, target, existsSync(join(dirname(fileOf(path)), target))]).toEqual([path, target, true]);
  });
});
