import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { bundleWorker } from "../contract/bundle.ts";
import { ensurePrograms } from "../rehearsal/host/requirements.ts";
import { terminalProgress } from "./terminal.ts";

/** No host is asked for: the lines have no `resolved`, so packages come from whatever registry npm is set to. */
const lockfiles = ["package-lock.json", "rehearsal/host/openclaw/package-lock.json"];

/** What reads the code without running it, each with its command. All of them run, whatever the first one says. */
const checks: Readonly<Record<string, readonly string[]>> = {
  "format and lint (Biome)": ["biome", "ci", "--colors=off"],
  "types of the program": ["tsc", "--project", "."],
  "types of the Worker": ["tsc", "--project", "worker"],
  "types of the chat page": ["tsc", "--project", "worker/chat/client"],
  "types of the Worker's tests": ["tsc", "--project", "worker/testing"],
  "dead code and unused packages (knip)": ["knip", "--no-progress"],
  ...Object.fromEntries(
    lockfiles.map((path) => [
      `${path} (lockfile-lint)`,
      ["lockfile-lint", "--path", path, "--type", "npm", "--validate-https", "--validate-integrity"],
    ]),
  ),
  "documentation (npm run docs)": ["node", "cli/docs.ts", "--check"],
  "shell scripts (shellcheck)": [
    "shellcheck",
    "--external-sources",
    ...globSync(["{cli,pi,rehearsal,examples}/**/*.sh", "rehearsal/engine/pulumi-language-nodejs"]),
  ],
};

await ensurePrograms({ shellcheck: "shellcheck" });
const { progress, results } = terminalProgress();
for (const [name, [program = "", ...args]] of Object.entries(checks)) {
  await progress
    .step(name, async () => {
      const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
      if (status !== 0) throw error ?? new Error(`${stdout}${stderr}`);
    })
    .catch((error: Error) => process.stderr.write(`${error.message}\n`));
}
await progress
  .step("the Worker's bundle", bundleWorker)
  .then(({ sha256, gzipBytes, packages }) =>
    process.stdout.write(
      `Worker: sha256 ${sha256}, ${(gzipBytes / 1024).toFixed(1)} KB gzipped, with ${packages.join(" and ")}\n`,
    ),
  )
  .catch((error: Error) => process.stderr.write(`${error.message}\n`));
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
