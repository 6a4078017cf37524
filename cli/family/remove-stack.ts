import { existsSync } from "node:fs";
import { listDevices, orderDevice } from "../../infra/devices.ts";
import { expanded, passphrasePath, shellFilePath } from "../init/places.ts";
import { Interrupted } from "../interruption.ts";
import { endSessions, type Removal, type RemovalPlan } from "./removal.ts";
import type { Step } from "./removal-steps.ts";
import { stillWatched } from "./shared-stacks.ts";
import { letInElsewhere, namedBy } from "./still-let-in.ts";

/**
 * How a stack is removed with all that its people hold. In this order nothing that is held opens anything in between:
 * the devices, the way in, then the sessions.
 */
export async function planForStack(removal: Removal): Promise<RemovalPlan> {
  const { stack, others, config, pulumi, run } = removal;
  const { name } = stack;
  const people = config.access.emails.map((email) => email.toLowerCase());
  const elsewhere = await Promise.all(people.map((person) => namedBy(person, others, config.accountId)));
  const steps: Step[] = [
    ...(config.signIn === "token" && !config.pi.abandoned ? [throwDevicesOut(removal)] : []),
    {
      name: `destroying ${name}`,
      untilThen: `until ${name} is destroyed, its people may be able to log in again`,
      async run(detail) {
        await run("destroy", detail);
        return undefined;
      },
    },
    ...people
      .filter((_, index) => elsewhere[index]?.length === 0)
      .map((person) => endSessions(person, removal)),
    {
      name: `removing the stack ${name} and Pulumi.${name}.yaml`,
      async run() {
        await pulumi(["stack", "rm", stack.ref, "--yes"]);
        return undefined;
      },
    },
  ];
  const remains = [
    ...(await Promise.all(people.map((person) => letInElsewhere(person, others)))).flat(),
    ...(await stillWatched(name, others)),
    `OpenClaw on ${config.pi.host} with its conversations and its own config, which is as it was before.`,
    ...whatOpensIt(removal),
    ...(config.auditLog.enabled && config.auditLog.keepOnDestroy
      ? [`The audit trail ${config.auditLog.path} on the Pi.`]
      : []),
  ];
  return { steps, remains };
}

/** A browser that was let in holds the owner's key and a token of its own at OpenClaw. */
function throwDevicesOut({ config: { pi }, stack, signal }: Removal): Step {
  return {
    name: `throwing the browsers out that OpenClaw on ${pi.host} has let in`,
    async run(detail) {
      try {
        const { paired } = await listDevices(pi);
        for (const { deviceId } of paired) {
          if (signal.aborted) throw new Interrupted();
          detail(deviceId);
          await orderDevice(pi, "remove", deviceId);
        }
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        return `Browsers that OpenClaw has let in (${(error as Error).message.split("\n")[0]}): npm run family -- devices ${stack.name}`;
      }
      return undefined;
    },
  };
}

/** The passphrase, unless other stacks need it, and the lines for a shell. */
function whatOpensIt({ stack: { name, env }, others }: Removal): string[] {
  const fileOf = ({ PULUMI_CONFIG_PASSPHRASE_FILE: file }: Readonly<Record<string, string>>) =>
    file === undefined ? undefined : expanded(file);
  const file = fileOf(env) ?? passphrasePath(name);
  const sharing = others.filter((one) => fileOf(one.env) === file).map((one) => one.name);
  return [
    ...(sharing.length > 0
      ? [
          `The passphrase in ${file}: keep it, the secrets of ${sharing.join(", ")} are encrypted with it too.`,
        ]
      : existsSync(file)
        ? [`The passphrase in ${file}: delete it when no backup of the state is left that it opens.`]
        : []),
    ...(existsSync(shellFilePath(name)) ? [`${shellFilePath(name)}, which nothing needs any more.`] : []),
  ];
}
