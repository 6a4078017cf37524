import { Refusal } from "../../infra/refusal.ts";
import { parsePiAddress } from "../init/pi-address.ts";
import type { Pulumi } from "../init/pulumi.ts";
import type { Options } from "../init/setup.ts";
import { readStored, type Stored } from "../init/stored.ts";
import { chosen, householdOrNone, type StackOfFamily } from "./household.ts";
import { fileForNew } from "./passphrases.ts";
import { freePort, portsOn } from "./ports.ts";
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

/**
 * On the same Pi a profile and a port of the new one's own; for a user of their own there, whom a flag names, only a
 * port. Another Pi has OpenClaw where it usually is.
 */
async function placeOnPi(
  name: string,
  pi: Readonly<Record<string, unknown>> | undefined,
  { pi: named, openclawPort }: Options,
  all: readonly StackOfFamily[],
): Promise<{ options: Partial<Options>; pi?: Readonly<Record<string, unknown>> }> {
  const host = named === undefined ? pi?.host : parsePiAddress(named).host;
  const taken = host === undefined ? [] : await portsOn(String(host), all);
  const port = openclawPort ?? (taken.length > 0 ? String(freePort(taken)) : undefined);
  const options = port === undefined ? {} : { openclawPort: port };
  if (!pi || named !== undefined) return { options };
  return { options, pi: { ...pi, ...(openclawPort === undefined && { profile: name }) } };
}
