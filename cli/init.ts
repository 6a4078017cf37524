import { Command } from "commander";
import { endWith, requireProject } from "./ending.ts";
import { withAnswers } from "./init/flags.ts";
import type { Options } from "./init/setup.ts";
import { Interrupted } from "./interruption.ts";

const options = withAnswers(new Command("npm run init --"))
  .description(
    "Sets up a stack for your own Cloudflare account and Pi: asks, checks every answer on the spot, and writes it with " +
      "Pulumi when all is known. Run again, it shows what the stack has and changes what you answer otherwise. " +
      "Without a terminal, or with --yes, every answer comes from a flag, the stack or a default, and what is missing " +
      "is listed. Nothing is built: that is for npx pulumi up.",
  )
  .option("--stack <name>", "the stack; its name becomes part of the address")
  .option("--yes", "ask nothing")
  .option("--json", "the result as JSON on standard output, everything else on standard error")
  .addHelpText(
    "after",
    `
Secrets are taken from files, standard input, the environment or a hidden prompt, never from arguments.
Exit code: 0 when the stack is set up, 1 when an answer is missing or cannot be taken, 2 for a wrong flag, 130 after
Ctrl-C (then nothing was written).

For example:
  npm run init
  npm run init -- --stack family                   # look at its answers, and change some
  pass show cloudflare | npm run init -- --stack family --backend file://~ --api-token-file - \\
    --email you@example.com --pi pi@raspberrypi.local --host-key-fingerprint SHA256:… \\
    --identity ~/.ssh/openclaw --yes`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

const interrupted = "Interrupted; nothing was written.";
try {
  requireProject("npm run init");
  // The program, its engine and the prompts take a second to load: --help does not wait for them.
  const { setUp } = await import("./init/set-up.ts");
  await setUp({
    options,
    onInterrupt: () => endWith(new Interrupted(), { json: options.json, interrupted }),
  });
} catch (error) {
  endWith(error as Error, { json: options.json, interrupted });
}
