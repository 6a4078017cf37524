import { Refusal } from "../../infra/refusal.ts";
import { parsePiAddress } from "../init/pi-address.ts";
import type { Pulumi } from "../init/pulumi.ts";
import type { Options } from "../init/setup.ts";
import { readStored, type Stored } from "../init/stored.ts";
import { chosen, householdOrNone, type StackOfFamily } from "./household.ts";
import { fileForNew } from "./passphrases.ts";
import { freePort, placeOf, portsOn } from "./ports.ts";
import { apart } from "./shared-stacks.ts";
import { settingsIn } from "./stack-file.ts";

/** What a stack has for itself: people and what they hold, names, and a door that others must not share. */
const OWN_KEYS = [
  "access",
  "roles",
  "serviceTokens",
  "apiKeys",
  "workerName",
  "hostname",
  "zoneId",
  "alsoHostnames",
  "corsOrigins",
  "tunnel",
];

/**
 * What a new stack of the family begins with: the account, the Pi and the limits of another one, the passphrase that the
 * family shares where it shares one, the Access login as OpenClaw's own, and on a Pi that others use a port that none of them has.
 *
 * @param like the stack to take after; by default the first one
 */
export async function inheritFrom(
  name: string,
  like: string | undefined,
  options: Options,
  pulumi: Pulumi,
): Promise<{ options: Options; inherited: Stored | undefined }> {
  const { stacks: all } = await householdOrNone(pulumi);
  if (all.some((one) => one.name === name))
    throw new Refusal(
      "STACK_EXISTS",
      `there is a stack ${name} already`,
      `to change its answers: npm run init -- --stack ${name}; for somebody else take another name`,
    );
  const { gateways } = await apart(all);
  const [model] = like === undefined ? gateways : chosen(gateways, [like]);
  if (!model) return { options: { ...options, stack: name }, inherited: undefined };
  const { values, apiToken, baseUrl } = await readStored(pulumi.with(model.env), model.ref);
  // Pulumi tells the project's defaults as well: those that nobody wrote stay defaults.
  const written = Object.keys(await settingsIn(model.file));
  const common = Object.fromEntries(
    Object.entries(values).filter(([key]) => written.includes(key) && !OWN_KEYS.includes(key)),
  );
  const passphraseFile = options.passphraseFile ?? fileForNew(name, model, all);
  const there = await placeOnPi(name, values.pi as Readonly<Record<string, unknown>>, options, all);
  return {
    options: {
      ...options,
      ...there.options,
      stack: name,
      backend: options.backend ?? model.backend,
      ...(passphraseFile !== undefined && { passphraseFile }),
    },
    inherited: {
      values: { ...common, signIn: "access", ...(there.pi && { pi: there.pi }) },
      apiToken,
      baseUrl,
    },
  };
}

/** What of a Pi's settings goes with the machine, which of them with the SSH key, and which with the user there. */
const OF_THE_PI = ["host", "port", "hostKey", "jump"];
const OF_THE_KEY = ["privateKey", "privateKeyPassword"];
const OF_THE_USER = ["user", "sudoPassword"];

/**
 * On the same Pi a port of the new one's own, and a profile where it is the same user's as well. What does not go with
 * the Pi, the user or the key that flags name is left behind: a sudo password is no other machine's business.
 */
export async function placeOnPi(
  name: string,
  pi: Readonly<Record<string, unknown>> | undefined,
  { pi: text, openclawPort, identity, agent }: Options,
  all: readonly StackOfFamily[],
): Promise<{ options: Partial<Options>; pi?: Readonly<Record<string, unknown>> }> {
  const named = text === undefined ? undefined : parsePiAddress(text);
  const isSamePi = !named || placeOf(named) === placeOf({ ...pi, jump: undefined });
  const isSameUser = isSamePi && (!named || named.user === (pi?.user ?? "pi"));
  const hasOtherKey = identity !== undefined || agent === true;
  const goesOn = [
    ...(isSamePi ? OF_THE_PI : []),
    ...(hasOtherKey ? [] : OF_THE_KEY),
    ...(isSameUser ? OF_THE_USER : []),
  ];
  const inherited = Object.fromEntries(Object.entries(pi ?? {}).filter(([key]) => goesOn.includes(key)));
  const there = placeOf({ ...inherited, ...named });
  const taken = there === undefined ? [] : await portsOn(there, all);
  const port = openclawPort ?? (taken.length > 0 ? String(freePort(taken)) : undefined);
  const options = port === undefined ? {} : { openclawPort: port };
  if (!pi) return { options };
  const needsProfile = isSameUser && openclawPort === undefined;
  return { options, pi: { ...inherited, ...(needsProfile && { profile: name }) } };
}
