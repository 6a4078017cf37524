import { Argument, Command, InvalidArgumentError } from "commander";
import type { Engine } from "../rehearsal/engine/index.ts";
import type { StackOfFamily } from "./family/household.ts";
import type { Age } from "./rotate/due.ts";
import type { NotLookedAt } from "./rotate/due-stacks.ts";
import type { Outcome } from "./rotate/finish.ts";
import type { OpenStack } from "./rotate/open-stack.ts";
import type { Surroundings } from "./rotate/scene.ts";
import { isInterruption, wordsOf } from "./rotate/words.ts";
import { styled, terminalProgress } from "./terminal.ts";

interface Options {
  readonly stack?: string;
  readonly all?: boolean;
  readonly due?: boolean;
  readonly finish?: boolean;
  readonly overlap?: number;
  readonly backend?: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

/** Something is due: what cron and CI look for. */
const exitDue = 3;
/** A new Worker and a new secret take up to a minute to be known everywhere at Cloudflare. */
const patienceMs = 90_000;

const hours = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 720) throw new InvalidArgumentError("whole hours, from 0 to 720");
  return value;
};

const command = new Command("npm run rotate --")
  .description(
    "Replaces secrets of a stack, each with a proof: the config asks for a new one, the stack is built, a real request " +
      "is made with the new one, and once the old one's time is over it is tried and seen refused. Cut anywhere and run " +
      "again, it goes on where it was.",
  )
  .addArgument(
    new Argument(
      "[what...]",
      "service-token (all), service-token:NAME, api-key, tunnel-token, gateway-token, model-key or model-key:PROVIDER; without any: what was left in the middle, and what is due",
    ),
  )
  .option("--stack <name>", "the stack")
  .option("--due", "replace nothing: tell how old each secret is")
  .option("--all", "with --due: all gateways that npm run family finds")
  .option("--finish", "only end old secrets whose time is over, and see them refused")
  .option(
    "--overlap <hours>",
    "how long the old one goes on (rotation.overlapHours); 0 ends it as soon as the new one works",
    hours,
  )
  .option(
    "--backend <url>",
    "where the state is (else as npm run init has set it up, else where Pulumi is logged in)",
  )
  .option(
    "--passphrase-file <file>",
    "the passphrase of the stack's secrets (else as npm run init has set it up)",
  )
  .option("--json", "the result as JSON on standard output, everything else on standard error")
  .addHelpText(
    "after",
    `
A service token and the API key overlap: the old one goes on for rotation.overlapHours while programs change over, and
a later run with --finish ends it. The tunnel's token does not: the Pi's connector starts anew with the new one, all
connections made with the old one are ended, and open streams with them. Nor does the gateway's token, which is
OpenClaw's own (signIn token): the Pi has the new one first, then the Worker, and when a request through both fails, both
have the old one again; browsers that hold it are asked for the new one.

Requests are made with a service token whose secret the stack knows. Without one, a rotation looks at what there is to
see instead (the connector's connections at Cloudflare, the Pi, what Cloudflare has taken), and says what it has not tried.

The key of a model provider comes from its console: on standard input, in the variable MODEL_KEY, or typed. It is tried
aside, then written by OpenClaw's command, then a chat through OpenClaw has to be answered, else the old one is put back.
With several providers that have theirs in openclaw.json, name one: model-key:PROVIDER. From which age on a secret is due is in
rotation.maxAgeDays. No secret is ever printed.

Exit code: 0 when all went well and nothing is due, 3 with --due when something is, 1 when something failed, 2 for a
wrong flag, 130 after Ctrl-C. With --due --all a stack that cannot be looked at is listed with why, and the others are
told of all the same; the exit code is then 1, also where something is due (--json has both: due and failed).
A run that ends in the middle says what stands and what goes on with it.

For example:
  npm run rotate -- --stack family --due
  npm run rotate -- --stack family service-token:phone
  npm run rotate -- --stack family --finish              # a day later
  npm run rotate -- --stack family api-key --overlap 0   # it has leaked: end it now
  npm run --silent rotate -- --stack family model-key < new-key.txt
  npm run rotate -- --all --due --json                   # for cron`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const options = command.opts<Options>();
const names = command.args;

const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    if (interruption.signal.aborted) {
      process.stderr.write(
        `\nStopped in the middle of a step. What stands, and what goes on with it: npm run rotate -- --stack ${options.stack ?? "STACK"} --due\n`,
      );
      process.exit(130);
    }
    interruption.abort();
    process.stderr.write(
      "\nStopping after the step it is in; once more stops at once, in the middle of it.\n",
    );
  });

/** The stack whose secrets are being replaced: of it is said how it stands when that ends in the middle. */
let replacing: OpenStack | undefined;

try {
  process.exitCode = await main();
} catch (error) {
  await end(error as Error);
}

async function main(): Promise<number> {
  if (options.all ? options.stack !== undefined || !options.due : options.stack === undefined)
    usage("name a stack with --stack NAME; --all goes with --due");
  if (options.due && names.length > 0) usage("--due tells of all secrets of a stack: name none");
  const { isModelKey, newModelKey } = await import("./rotate/new-key.ts");
  const modelKeys = names.filter(isModelKey);
  if (modelKeys.length > 1) usage("one model-key at a time: its new key comes on standard input");
  const newKey = modelKeys.length > 0 && !options.finish ? await newModelKey() : undefined;
  // The program and its engine take a second to load: --help does not wait for them.
  const [{ ensureEngine }, { openStack }] = await Promise.all([
    import("../rehearsal/engine/index.ts"),
    import("./rotate/open-stack.ts"),
  ]);
  const { progress } = terminalProgress();
  const engine = await ensureEngine(progress);
  const open = (ref: string, backend?: string) =>
    openStack(engine, ref, { backend: options.backend ?? backend, passphraseFile: options.passphraseFile });
  if (options.due && options.all) {
    const { agesOfStacks } = await import("./rotate/due-stacks.ts");
    const gateways = new Map((await familysGateways(engine)).map((stack) => [stack.name, stack]));
    const { ages, failed } = await progress.step(`looking at ${gateways.size} stacks`, (detail) =>
      agesOfStacks(
        [...gateways.keys()],
        async (name) => {
          detail(name);
          const { ref = name, backend } = gateways.get(name) ?? {};
          return lookAt(await open(ref, backend));
        },
        interruption.signal,
      ),
    );
    return tellAges(ages, failed);
  }
  if (options.due) {
    const name = options.stack as string;
    return tellAges(await progress.step(`looking at ${name}`, async () => lookAt(await open(name))), []);
  }
  replacing = await open(options.stack as string);
  return replace(replacing, progress, { modelKeys, newKey });
}

/** Those that `npm run family` finds; an account's shared stack has no secret of these kinds. */
async function familysGateways(engine: Engine): Promise<StackOfFamily[]> {
  const [{ household }, { apart }, { pulumiOf }, { projectFolder }] = await Promise.all([
    import("./family/household.ts"),
    import("./family/shared-stacks.ts"),
    import("./init/pulumi.ts"),
    import("./init/places.ts"),
  ]);
  return (await apart(await household(pulumiOf(engine, projectFolder())))).gateways;
}

async function lookAt(stack: OpenStack): Promise<Age[]> {
  const [{ readScene, readState }, { agesOf }] = await Promise.all([
    import("./rotate/scene.ts"),
    import("./rotate/due.ts"),
  ]);
  const [scene, state] = [await readScene(stack), await readState(stack)];
  return agesOf(scene, state, new Date());
}

async function tellAges(ages: readonly Age[], failed: readonly NotLookedAt[]): Promise<number> {
  const { ageTable } = await import("./rotate/words.ts");
  const due = ages.some((age) => age.due);
  const ok = failed.length === 0;
  const told = { ok, due, secrets: ages, ...(!ok && { failed }) };
  process.stdout.write(options.json ? `${JSON.stringify(told, null, 2)}\n` : `${ageTable(ages)}\n`);
  for (const { stack, why } of failed)
    process.stderr.write(
      `${styled("red", `${stack} could not be looked at: ${why.replaceAll("\n", "\n  ")}`, process.stderr)}\n`,
    );
  if (!ok) return 1;
  return due ? exitDue : 0;
}

interface GivenKey {
  readonly modelKeys: readonly string[];
  readonly newKey: string | undefined;
}

async function replace(
  stack: OpenStack,
  progress: Surroundings["progress"],
  { modelKeys, newKey }: GivenKey,
): Promise<number> {
  const [
    { readScene },
    { finish, finishable },
    { rotate, unfinished },
    { kindsOf, named },
    { gatewayToken, rotateGatewayToken },
    { modelKeysIn, rotateModelKey },
    { askGateway },
    words,
  ] = await Promise.all([
    import("./rotate/scene.ts"),
    import("./rotate/finish.ts"),
    import("./rotate/rotate.ts"),
    import("./rotate/targets.ts"),
    import("./rotate/gateway-token.ts"),
    import("./rotate/model-key.ts"),
    import("./rotate/gateway.ts"),
    import("./rotate/words.ts"),
  ]);
  const around: Surroundings = {
    progress,
    now: () => new Date(),
    ask: askGateway,
    patienceMs,
    signal: interruption.signal,
  };
  const scene = await readScene(stack);
  const all = kindsOf(scene.config);
  const chosen = named(scene.config, stack.name, names);
  const now = options.overlap === 0;
  const ending = finishable(
    scene,
    options.finish && names.length > 0 ? chosen : all,
    around,
    now && options.finish === true,
  );
  const first = await finish(stack, ending, around);
  const [ended, untried] = [[...first.ended], [...first.untried]];
  const rotated: Outcome["rotated"][number][] = [];
  if (!options.finish) {
    // An overlap that goes on is not cut short because its secret happens to be due.
    const goesOn = (target: string) =>
      scene.record.pending[target]?.phase === "overlap" && !ending.some((kind) => kind.target === target);
    const due = names.length > 0 ? [] : (await lookAt(stack)).filter((age) => age.due && !goesOn(age.target));
    const targets = [...names, ...due.map(({ target }) => target)];
    const wanted = [...unfinished(scene, all), ...named(scene.config, stack.name, targets)];
    const kinds = [...new Map(wanted.map((kind) => [kind.target, kind])).values()];
    if (kinds.length > 0) {
      const overlap = options.overlap ?? scene.config.rotation.overlapHours;
      const outcome = await rotate(stack, kinds, overlap, around);
      rotated.push(...outcome.rotated);
      ended.push(...outcome.ended);
      untried.push(...outcome.untried);
    }
    if (targets.includes(gatewayToken) || scene.record.pending[gatewayToken]) {
      const seen = await rotateGatewayToken(stack, around);
      rotated.push({ target: gatewayToken, ...(seen !== undefined && { seen }) });
      ended.push(gatewayToken);
    }
    // A key that is given now stands for the one that a cut has left.
    const cut = modelKeysIn(scene.record).filter((target) => scene.record.pending[target]);
    for (const target of modelKeys.length > 0 ? modelKeys : cut)
      rotated.push(await rotateModelKey(stack, target, newKey, around));
    for (const { target } of due.filter(
      (age) => modelKeysIn(scene.record).includes(age.target) && !cut.includes(age.target),
    ))
      process.stderr.write(
        `${target} is due, and only its provider gives a new one out: npm run --silent rotate -- --stack ${stack.name} ${target} < FILE\n`,
      );
  }
  const outcome: Outcome = { rotated, ended, untried };
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ok: true, stack: stack.name, ...outcome }, null, 2)}\n`);
  else
    process.stdout.write(
      `${outcome.rotated.length + outcome.ended.length + outcome.untried.length > 0 ? words.farewell(stack.name, outcome, all) : "Nothing is to be done."}\n`,
    );
  return 0;
}

function usage(what: string): never {
  process.stderr.write(`error: ${what}\n`);
  process.exit(2);
}

/** Says how it ended and what stands, and ends. */
async function end(error: Error): Promise<never> {
  const interrupted = isInterruption(error);
  const code = interrupted ? "INTERRUPTED" : ((error as { code?: string }).code ?? "UNEXPECTED");
  const words = error.name === "AbortError" ? "Interrupted." : wordsOf(error);
  process.stderr.write(`${styled(interrupted ? "yellow" : "red", words, process.stderr)}\n`);
  const { standingOf } = await import("./rotate/standing.ts");
  const standing = replacing ? await standingOf(replacing) : [];
  for (const line of standing) process.stderr.write(`${line}\n`);
  const told = { code, message: words, ...(standing.length > 0 && { standing }) };
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: false, error: told }, null, 2)}\n`);
  process.exit(interrupted ? 130 : 1);
}
