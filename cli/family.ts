import { Command, InvalidArgumentError, Option } from "commander";
import { endWith, requireProject } from "./ending.ts";
import type { Allowance } from "./family/budget.ts";
import type { DevicesOptions } from "./family/devices.ts";
import type { OperationName } from "./family/operation.ts";
import type { OutputsOptions } from "./family/outputs.ts";
import type { RemoveOptions } from "./family/remove.ts";
import type { RunOptions } from "./family/run.ts";
import { usualParallel } from "./family/side-by-side.ts";
import type { StatusOptions } from "./family/status.ts";
import { withAnswers } from "./init/flags.ts";
import type { Pulumi } from "./init/pulumi.ts";
import type { Options } from "./init/setup.ts";
import { Interrupted } from "./interruption.ts";

const program = new Command("npm run family --")
  .description(
    "Many stacks as easily as one: a family's, with one stack for each person, or a household's dev and prod. Every " +
      "stack is one that npm run init or npm run family -- add has set up, wherever its state is.",
  )
  .addHelpText(
    "after",
    `
Exit code: 0 when all went well, 1 when anything failed, 2 for a wrong flag, 130 after Ctrl-C.

For example:
  npm run family -- add mia --like home      # a stack for Mia, with what the stack home has in common with it
  npm run family -- preview --all
  npm run family -- up --all --parallel 8 --yes
  npm run family -- status --all`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const count = (value: string): number => {
  if (!/^[1-9][0-9]?$/.test(value)) throw new InvalidArgumentError("a whole number from 1 to 99");
  return Number(value);
};

const allowance = (value: string): Allowance => {
  const [calls = 0, windowSeconds = 0] = (/^\d+\/\d+$/.test(value) ? value.split("/") : []).map(Number);
  if (calls < 1 || windowSeconds < 1) throw new InvalidArgumentError("calls and seconds, such as 1000/300");
  return { calls, windowSeconds };
};

const apiCalls = new Option(
  "--api-calls <calls/seconds>",
  "how many calls to Cloudflare's API all of it may use in which time (1000/300 of the 1,200 that Cloudflare allows)",
).argParser(allowance);

function operation(name: OperationName, description: string): void {
  command(`${name} [names...]`, description)
    .option("--all", "every stack of the project")
    .option("--parallel <number>", "how many at the same time", count, usualParallel)
    .addOption(apiCalls)
    .option("--continue-on-error", "go on with the others when one fails")
    .option("--yes", "ask nothing")
    .option("--json", "the result as JSON on standard output, everything else on standard error")
    .action((names: string[], options: RunOptions) =>
      ended(options, async () => {
        const { runOperation } = await import("./family/run.ts");
        return runOperation(name, names, options);
      }),
    );
}

operation("preview", "Shows what up would do, and does nothing.");
operation("up", "Builds stacks, or brings them to what their configs say.");
operation("destroy", "Takes stacks off again, from Cloudflare and from the Pi; their configs stay.");

withAnswers(
  command(
    "add <name>",
    "Sets up a stack for somebody, with the account, the Pi and the limits of another one: asks for the rest, as npm run " +
      "init does, and writes it. The Access login is proposed as OpenClaw's own.",
  ),
)
  .option("--like <stack>", "the stack it takes after; the first one by default")
  .option("--yes", "ask nothing")
  .option("--json", "the result as JSON on standard output, everything else on standard error")
  .action((name: string, { like, ...options }: Options & { like?: string }) =>
    ended({ ...options, interrupted: "Interrupted; nothing was written." }, async (end) => {
      const [{ setUp }, { inheritFrom }] = await Promise.all([
        import("./init/set-up.ts"),
        import("./family/add.ts"),
      ]);
      const inherit = (pulumi: Pulumi) => inheritFrom(name, like, options, pulumi);
      await setUp({ options, inherit, onInterrupt: () => end(new Interrupted()) });
      return 0;
    }),
  );

command(
  "status [names...]",
  "Shows each stack's gateway, tunnel, versions, tokens, and what an up would change.",
)
  .option("--all", "every stack of the project; so it is where none is named")
  .option("--parallel <number>", "how many at the same time", count, usualParallel)
  .addOption(apiCalls)
  .option("--quick", "without looking what an up would change")
  .option("--json", "as JSON on standard output")
  .action((names: string[], options: StatusOptions) =>
    ended(options, async () => (await import("./family/status.ts")).showStatus(names, options)),
  );

command(
  "remove <name>",
  "Removes a stack and all that its people hold, or one person from it; says what remains.",
)
  .option("--person <address>", "one of its people, by email address; the stack stays")
  .option("--yes", "ask nothing")
  .option("--json", "the result as JSON on standard output, everything else on standard error")
  .action((name: string, options: RemoveOptions) =>
    ended(options, async () => (await import("./family/remove.ts")).remove(name, options)),
  );

command(
  "devices <name>",
  "Lists the browsers and phones of a stack's OpenClaw, and lets them in or throws them out.",
)
  .option("--approve <request>", "lets the device of a request in")
  .option("--reject <request>", "refuses it")
  .option("--remove <device>", "throws a device out, with all its tokens")
  .option("--json", "as JSON on standard output")
  .action((name: string, options: DevicesOptions) =>
    ended(options, async () => (await import("./family/devices.ts")).showDevices(name, options)),
  );

command("outputs [names...]", "Shows the addresses of stacks; with --json all that they put out.")
  .option("--all", "every stack of the project")
  .option("--parallel <number>", "how many at the same time", count, usualParallel)
  .option("--show-secrets", "with --json: the service tokens' secrets too")
  .option("--json", "as JSON on standard output")
  .action((names: string[], options: OutputsOptions) =>
    ended(options, async () => (await import("./family/outputs.ts")).showOutputs(names, options)),
  );

/** A command of `npm run family`: a wrong flag ends it with 2. */
function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

/** Runs a command's work and ends with its exit code, or says why it could not be done. */
async function ended(
  options: { readonly json?: boolean; readonly interrupted?: string },
  work: (end: (error: Error) => never) => Promise<number>,
): Promise<void> {
  const end = (error: Error) => endWith(error, options);
  try {
    requireProject("npm run family");
    process.exitCode = await work(end);
  } catch (error) {
    end(error as Error);
  }
}

await program.parseAsync();
// A prompt or the SDK may hold the process open; all that was to be said is said.
process.exit();
