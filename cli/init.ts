import { Command, Option } from "commander";
import { endWith, requireProject } from "./ending.ts";
import type { Options, Setup } from "./init/setup.ts";
import { Interrupted } from "./interruption.ts";
import { terminalProgress } from "./terminal.ts";

const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

const options = new Command("npm run init --")
  .description(
    "Sets up a stack for your own Cloudflare account and Pi: asks, checks every answer on the spot, and writes it with " +
      "Pulumi when all is known. Run again, it shows what the stack has and changes what you answer otherwise. " +
      "Without a terminal, or with --yes, every answer comes from a flag, the stack or a default, and what is missing " +
      "is listed. Nothing is built: that is for npx pulumi up.",
  )
  .option("--stack <name>", "the stack; its name becomes part of the address")
  .option(
    "--backend <url>",
    "where the state is: file://~, file:///FOLDER, https://api.pulumi.com, s3://BUCKET, … (else where Pulumi is logged in, else file://~)",
  )
  .option(
    "--passphrase-file <file>",
    "the passphrase of the stack's secrets, outside the project; for a new stack it is made (~/.config/openclaw-gateway/STACK.passphrase)",
  )
  .option("--api-token-file <file>", "Cloudflare's API token; - is standard input; else CLOUDFLARE_API_TOKEN")
  .addOption(
    new Option(
      "--api-token-in <place>",
      "keep the token in the stack, encrypted, or leave it to CLOUDFLARE_API_TOKEN",
    ).choices(["stack", "environment"]),
  )
  .option(
    "--account-id <id>",
    "the Cloudflare account; needed where the token opens several or is an account's own",
  )
  .option("--email <address>", "someone who may log in; several times for several people", several)
  .option("--email-domain <domain>", "everyone with an address there may log in", several)
  .option("--session-duration <duration>", "how long a login lasts, such as 24h")
  .option("--service-token <name[=hours]>", "a service token for a program, such as phone=720h", several)
  .option("--pi <address>", "the Pi: [USER@]HOST[:PORT]")
  .option(
    "--host-key-fingerprint <SHA256:…>",
    "the Pi's, by ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub there",
  )
  .option("--identity <file>", "private key for the Pi, kept in the stack, encrypted")
  .option("--agent", "sign in at the Pi with the SSH agent, and keep no key")
  .option("--openclaw-port <port>", "OpenClaw's port on the Pi (18789)")
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

const interruption = new AbortController();
let writing = false;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    interruption.abort();
    // While it is written, what was begun is first taken back.
    if (!writing) end(new Interrupted());
  });

const end = (error: Error): never =>
  endWith(error, { json: options.json, interrupted: "Interrupted; nothing was written." });

try {
  await init();
} catch (error) {
  end(error as Error);
}

async function init(): Promise<void> {
  requireProject("npm run init");
  // The program, its engine and the prompts take a second to load: --help does not wait for them.
  const [
    { ensureEngine },
    { makePlan },
    { personAtTerminal },
    { pulumiOf },
    { writePlan },
    words,
    { projectFolder },
  ] = await Promise.all([
    import("../rehearsal/engine/index.ts"),
    import("./init/plan.ts"),
    import("./init/person.ts"),
    import("./init/pulumi.ts"),
    import("./init/write.ts"),
    import("./init/words.ts"),
    import("./init/places.ts"),
  ]);
  const { progress } = terminalProgress();
  const hasTerminal = process.stdin.isTTY && process.stderr.isTTY;
  const person = hasTerminal && !options.yes ? personAtTerminal() : undefined;
  const setup: Setup = { options, person, progress };
  const engine = await ensureEngine(progress);
  const plan = await makePlan(setup, pulumiOf(engine, projectFolder()));
  process.stderr.write(`\n${words.summaryOf(plan)}\n\n`);
  if (person && !(await person.agree("Write this?"))) throw new Interrupted();
  writing = true;
  await progress.step(`writing the stack ${plan.stack.name}`, () => writePlan(plan, interruption.signal));
  if (options.json) {
    const { stack, backend } = plan;
    process.stdout.write(
      `${JSON.stringify({ ok: true, stack: stack.name, backend: backend.url, next: words.nextSteps(plan).map(({ line }) => line) }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(`\n${words.farewell(plan)}\n`);
  }
}
