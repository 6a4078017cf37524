import { checkConfig, type GatewayConfig } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import { type ConfigChange, changeConfig, own } from "../rotate/change-config.ts";
import { readStackConfig } from "../rotate/open-stack.ts";
import { endSessions, type Removal, type RemovalPlan } from "./removal.ts";
import type { Step } from "./removal-steps.ts";
import { letInElsewhere, stillLetIn } from "./still-let-in.ts";

/**
 * Who was taken out of the config and may not be out yet, so that a removal that was stopped can be gone on with. A
 * namespace of its own, which the program does not look at.
 */
const leavingKey = "openclaw-gateway-removal:people";

/**
 * How one person is removed from a stack that stays. Their sessions are ended before the up, which takes minutes, and
 * after it: in between they may log in anew.
 *
 * @param person in lower case
 * @throws Refusal where the stack does not name them, or has nobody without them
 */
export async function planForPerson(person: string, removal: Removal): Promise<RemovalPlan> {
  const { stack, config, pulumi, run } = removal;
  const opened = { name: stack.name, ref: stack.ref, file: stack.file, pulumi };
  const stored = await readStackConfig(opened);
  const leaving = (stored.other[leavingKey] ?? []) as readonly string[];
  const others = leaving.filter((one) => one !== person);
  const changes = withoutPerson(person, removal, stored.own);
  if (!changes && others.length === leaving.length)
    throw new Refusal(
      "PERSON_UNKNOWN",
      `${person} is not named in access.emails of the stack ${stack.name}: ${config.access.emails.join(", ")}`,
      `whoever is let in by a domain or a group is kept out at the login service, or by npx pulumi config set --stack ${stack.name} --path access…`,
    );
  const before = endSessions(person, removal);
  const steps: Step[] = [
    {
      name: `taking ${person} out of Pulumi.${stack.name}.yaml`,
      async run() {
        if (changes)
          await changeConfig(opened, [...changes, { key: leavingKey, value: [...others, person] }]);
        return undefined;
      },
    },
    before,
    {
      name: `bringing ${stack.name} up without them`,
      untilThen: `until ${stack.name} is built without them, ${person} may be able to log in again`,
      async run(detail) {
        await run("up", detail);
        return undefined;
      },
    },
    endSessions(person, removal, before),
    {
      name: `noting in Pulumi.${stack.name}.yaml that ${person} is out`,
      async run() {
        const note: ConfigChange =
          others.length > 0 ? { key: leavingKey, value: others } : { path: leavingKey, remove: true };
        await changeConfig(opened, [note]);
        return undefined;
      },
    },
  ];
  const remains = [
    `A page of theirs that is open now stays connected for at most ${Math.round(config.sockets.maxSeconds / 60)} minutes.`,
    "What they wrote, in OpenClaw's conversations on the Pi.",
    ...stillLetIn(person, stack.name, config.access),
    ...(await letInElsewhere(person, removal.others)),
    ...whatTheyMayHold(stack.name, config),
  ];
  return { steps, remains };
}

/** The config without a person; nothing where it does not name them. */
function withoutPerson(
  person: string,
  { stack, config }: Removal,
  stored: Readonly<Record<string, unknown>>,
): ConfigChange[] | undefined {
  const emails = config.access.emails.filter((email) => email.toLowerCase() !== person);
  if (emails.length === config.access.emails.length) return undefined;
  const access = { ...(stored.access as object), emails };
  const roles = Object.fromEntries(
    Object.entries(stored.roles ?? {}).map(([role, people]) => [
      role,
      Array.isArray(people) ? people.filter((one) => String(one).toLowerCase() !== person) : people,
    ]),
  );
  const changed = { access, ...(Object.keys(roles).length > 0 && { roles }) };
  checkConfig(stack.name, { ...stored, ...changed });
  return Object.entries(changed).map(([key, value]) => ({ key: own(key), value }));
}

/** What lets in whoever has it, whoever they are, and how each is made worthless. */
function whatTheyMayHold(stack: string, { serviceTokens, apiKeys, signIn, pi }: GatewayConfig): string[] {
  const rotate = (what: string) => `npm run rotate -- --stack ${stack} ${what}`;
  const tokens = serviceTokens.map(({ name }) => rotate(`service-token:${name} --overlap 0`));
  return [
    ...(tokens.length > 0
      ? [`Service tokens whose secret they know. A new one, and the old one refused: ${tokens.join("; ")}`]
      : []),
    ...(apiKeys.current === undefined
      ? []
      : [`The API key, where they know it. A new one: ${rotate("api-key --overlap 0")}`]),
    ...(signIn === "token" && !pi.abandoned
      ? [
          `Browsers of theirs that OpenClaw has let in, if they were an owner: npm run family -- devices ${stack} shows them, with --remove DEVICE each is thrown out.`,
          `OpenClaw's own token, which owners paste into the browser. A new one: ${rotate("gateway-token")}`,
        ]
      : []),
  ];
}
