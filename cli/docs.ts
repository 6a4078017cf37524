import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { fileOf, pages, readPage, stalePages } from "./docs/pages.ts";

const { check } = new Command("npm run docs --")
  .description(
    "Writes what the documentation takes from the code: the references of config keys and error codes, the keys'\n" +
      "sentences in Pulumi.yaml, and the examples that pages show.",
  )
  .option("--check", "write nothing, and fail when a page is stale", false)
  .addHelpText("after", "\nExit code: 0, or 1 when --check finds a stale page.")
  .parse()
  .opts<{ check: boolean }>();

const stale = stalePages();
if (check && stale.length > 0) {
  process.stderr.write(`Not what the code says: ${stale.join(", ")}. Run npm run docs.\n`);
  process.exitCode = 1;
} else {
  for (const { path, text } of pages().filter((page) => stale.includes(page.path))) {
    writeFileSync(fileOf(path), text(readPage(path)));
    process.stdout.write(`${path}\n`);
  }
}
