import { bundleWorker } from "../../contract/bundle.ts";
import { revokePerson } from "../../infra/cloudflare-api.ts";
import { checkConfig, type GatewayConfig, namespace } from "../../infra/config.ts";
import { listDevices, orderDevice } from "../../infra/devices.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { personAtTerminal } from "../init/person.ts";
import { passphrasePath, projectFolder, shellFilePath } from "../init/places.ts";
import { type Pulumi, pulumiOf } from "../init/pulumi.ts";
import { readStored } from "../init/stored.ts";
import { Interrupted } from "../interruption.ts";
import { terminalProgress } from "../terminal.ts";
import type { StackOfFamily } from "./household.ts";
import { apiWith } from "./look.ts";
import { openFamily } from "./run.ts";
import { gatewayConfig, refuseWatched } from "./shared-stacks.ts";
import { openSlot } from "./slots.ts";
import { settingsIn } from "./stack-file.ts";
import { stillLetIn } from "./still-let-in.ts";

export interface RemoveOptions {
  /** One of the stack's people, who loses their access while the stack stays. */
  readonly person?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Everything that a removal needs, looked at before it begins. */
interface Removal {
  readonly stack: StackOfFamily;
  readonly others: readonly StackOfFamily[];
  readonly config: GatewayConfig;
  readonly api: ReturnType<typeof apiWith>;
  readonly engine: Engine;
  readonly pulumi: Pulumi;
  readonly progress: Progress;
  /** What could not be done, or is nobody's to do, in sentences. */
  readonly remains: string[];
}

/**
 * Removes a stack with all that its people hold, or one person from a stack that stays. What remains is listed.
 *
 * @returns the exit code
 */
export async function remove(name: string, options: RemoveOptions): Promise<number> {
  const { engine, stacks, all } = await openFamily([name], {});
  const [stack] = stacks as [StackOfFamily];
  const pulumi = pulumiOf(engine, projectFolder()).with(stack.env);
  const { values, apiToken, baseUrl } = await readStored(pulumi, stack.ref);
  const removal: Removal = {
    stack,
    others: all.filter((one) => one !== stack),
    config: gatewayConfig(name, values),
    api: apiWith(apiToken, baseUrl),
    engine,
    pulumi,
    progress: terminalProgress().progress,
    remains: [],
  };
  if (options.person === undefined) await refuseWatched(stacks, all, engine);
  await agree(name, options);
  if (options.person === undefined) await removeStack(removal);
  else await removePerson(options.person.toLowerCase(), removal);
  const { remains } = removal;
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: true, remains }, null, 2)}\n`);
  else process.stdout.write(`\nWhat remains:\n${remains.map((line) => `  ${line}`).join("\n")}\n`);
  return 0;
}

async function agree(name: string, { person, yes = false }: RemoveOptions): Promise<void> {
  if (yes) return;
  const what = person
    ? `${person} from the stack ${name}`
    : `the stack ${name}, with its tunnel, its address and its tokens`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Refusal("AGREEMENT_MISSING", `there is nobody to ask whether to remove ${what}`, "add --yes");
  if (!(await personAtTerminal().agree(`Remove ${what}?`, false))) throw new Interrupted();
}

/** In this order nothing that is held opens anything in between: the devices, the way in, then the sessions. */
async function removeStack(removal: Removal): Promise<void> {
  const { stack, config, pulumi, progress, remains } = removal;
  const { name, file } = stack;
  if (config.signIn === "token") await throwDevicesOut(removal);
  await progress.step(`destroying ${name}`, (detail) => runOn(removal, "destroy", detail));
  const people = config.access.emails.map((email) => email.toLowerCase());
  const elsewhere = await peopleOf(removal.others);
  for (const person of people) {
    if (elsewhere.has(person))
      remains.push(`${person} is a person of the stack ${elsewhere.get(person)} too, whose login goes on.`);
    else await endSessions(person, removal);
  }
  await progress.step(`removing the stack ${name} and ${file}`, () =>
    pulumi(["stack", "rm", stack.ref, "--yes"]),
  );
  remains.push(
    `OpenClaw on ${config.pi.host} with its conversations and its own config, which is as it was before.`,
    `The passphrase in ${stack.env.PULUMI_CONFIG_PASSPHRASE_FILE ?? passphrasePath(name)} and ${shellFilePath(name)}: delete them when no backup of the state is left that they open.`,
    ...(config.auditLog.enabled && config.auditLog.keepOnDestroy
      ? [`The audit trail ${config.auditLog.path} on the Pi.`]
      : []),
  );
}

/** The login first: a session that is ended while its person may still log in begins anew. */
async function removePerson(person: string, removal: Removal): Promise<void> {
  const { stack, config, pulumi, progress, remains } = removal;
  const rest = config.access.emails.filter((email) => email.toLowerCase() !== person);
  if (rest.length === config.access.emails.length)
    throw new Refusal(
      "PERSON_UNKNOWN",
      `${person} is not named in access.emails of the stack ${stack.name}: ${config.access.emails.join(", ")}`,
      `whoever is let in by a domain or a group is kept out at the login service, or by npx pulumi config set --stack ${stack.ref} --path access…`,
    );
  const access = { ...(await writtenIn(pulumi, stack, "access")), emails: rest };
  const roles = Object.fromEntries(
    Object.entries(await writtenIn(pulumi, stack, "roles")).map(([role, people]) => [
      role,
      Array.isArray(people) ? people.filter((one) => String(one).toLowerCase() !== person) : people,
    ]),
  );
  const changed = { access, ...(Object.keys(roles).length > 0 && { roles }) };
  checkConfig(stack.name, { ...(await readStored(pulumi, stack.ref)).values, ...changed });
  await progress.step(`taking ${person} out of ${stack.file}`, () =>
    pulumi(["config", "set-all", "--stack", stack.ref, "--json", JSON.stringify(asConfig(changed))]),
  );
  await progress.step(`bringing ${stack.name} up without them`, (detail) => runOn(removal, "up", detail));
  await endSessions(person, removal);
  remains.push(
    `A page of theirs that is open now stays connected for at most ${Math.round(config.sockets.maxSeconds / 60)} minutes.`,
    "What they wrote, in OpenClaw's conversations on the Pi.",
    ...stillLetIn(person, config),
    ...(config.signIn === "token"
      ? [
          `If they were an owner, browsers of theirs that OpenClaw has let in: npm run family -- devices ${stack.name}. They held OpenClaw's token too: make a new one.`,
        ]
      : []),
    `Service tokens that they know: npx pulumi up --stack ${stack.ref} --replace '**::${stack.name}-token-NAME' makes a new secret.`,
  );
}

/** What the stack's file itself says below a key; neither has a secret in it. */
async function writtenIn(pulumi: Pulumi, { ref }: StackOfFamily, key: "access" | "roles") {
  const { values } = await readStored(pulumi, ref);
  return (values[key] ?? {}) as Record<string, unknown>;
}

/** As `pulumi config set-all --json` takes it. */
const asConfig = (values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `${namespace}:${key}`,
      { value: JSON.stringify(value), objectValue: value },
    ]),
  );

/** @throws Refusal with what the engine said */
async function runOn(
  { stack, engine }: Removal,
  operation: "up" | "destroy",
  onStep: (words: string) => void,
): Promise<void> {
  const slot = openSlot(new AbortController().signal);
  try {
    const { status, failure } = await slot.run(
      { operation, stack, engine, bundle: await bundleWorker() },
      onStep,
    );
    if (status !== "ok")
      throw new Refusal(
        "REMOVAL_STOPPED",
        `${operation} of the stack ${stack.name} failed, and nothing further was removed:\n${failure}`,
        "mend what it names, then run the same command again",
      );
  } finally {
    await slot.close();
  }
}

/** In `token` mode a browser that was let in holds the owner's key and a token of its own at OpenClaw. */
async function throwDevicesOut({ config: { pi }, stack, progress, remains }: Removal): Promise<void> {
  if (pi.abandoned) return;
  await progress
    .step(`throwing the browsers out that OpenClaw on ${pi.host} has let in`, async (detail) => {
      const { paired } = await listDevices(pi);
      for (const { deviceId } of paired) {
        detail(deviceId);
        await orderDevice(pi, "remove", deviceId);
      }
    })
    .catch((error: Error) => {
      remains.push(
        `Browsers that OpenClaw has let in (${error.message.split("\n")[0]}): npm run family -- devices ${stack.name}`,
      );
    });
}

async function endSessions(person: string, { config, api, progress, remains }: Removal): Promise<void> {
  await progress
    .step(`ending the sessions of ${person}`, () => revokePerson(config.accountId, person, api))
    .catch((error: Error) => {
      remains.push(
        `The sessions of ${person} at Access, for at most ${config.access.sessionDuration} (${error.message.split("\n")[0]}). The API token needs "Access: Organizations Revoke"; or by hand: https://one.dash.cloudflare.com/${config.accountId}/team/users, Revoke.`,
      );
    });
}

/** Who may log in at other stacks, by name, and at which. */
async function peopleOf(stacks: readonly StackOfFamily[]): Promise<Map<string, string>> {
  const lists = await Promise.all(
    stacks.map(async ({ name, file }) => {
      const { access } = await settingsIn(file);
      return (access?.emails ?? []).map((email) => [email.toLowerCase(), name] as const);
    }),
  );
  return new Map(lists.flat());
}
