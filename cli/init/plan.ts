import { isDeepStrictEqual } from "node:util";
import { checkConfig, type GatewayConfig } from "../../infra/config.ts";
import { type CloudflareAccount, chooseAccount } from "./account.ts";
import { type Backend, chooseBackend } from "./backend.ts";
import { chooseHostname } from "./hostname.ts";
import { missingAnswers } from "./missing.ts";
import { choosePassphrase, type Passphrase } from "./passphrase.ts";
import { choosePeople } from "./people.ts";
import { choosePi, type PiChoice } from "./pi.ts";
import type { Pulumi } from "./pulumi.ts";
import { chooseServiceTokens } from "./service-tokens.ts";
import { refuseMissing, type Setup } from "./setup.ts";
import { chooseStack, type StackChoice } from "./stack.ts";
import { type Stored, storedIn } from "./stored.ts";
import { chooseTokenPlace, type TokenPlace } from "./token-place.ts";

/** Everything that was asked, checked and not yet written. */
export interface Plan {
  readonly backend: Backend;
  readonly stack: StackChoice;
  readonly passphrase: Passphrase | undefined;
  /** What the stack had before. */
  readonly stored: Stored;
  /** All values below the project's namespace, the private key among them. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly account: CloudflareAccount;
  readonly tokenPlace: TokenPlace;
  readonly pi: PiChoice;
  /** `pulumi` with the stack's backend and passphrase. */
  readonly pulumi: Pulumi;
}

/**
 * Asks all there is to ask, in the order in which one answer needs another. Nothing is written.
 *
 * @param inherited what a new stack begins with, as another one has it
 * @throws Refusal, or another error with a code, when an answer cannot be taken and nobody can be asked again
 */
export async function makePlan(setup: Setup, bare: Pulumi, inherited?: Stored): Promise<Plan> {
  refuseMissing(missingAnswers(setup, undefined));
  const { backend, pulumi: there } = await chooseBackend(setup, bare);
  const stack = await chooseStack(setup, backend);
  const { passphrase, pulumi } = await choosePassphrase(setup, backend, stack, there);
  const stored = await storedIn(pulumi, stack);
  const known = stack.exists ? stored : (inherited ?? stored);
  refuseMissing(missingAnswers(setup, known));

  const account = await chooseAccount(setup, known);
  const tokenPlace = await chooseTokenPlace(setup, account.token);
  const address = await chooseHostname(setup, stack.name, account, known);
  const access = await choosePeople(setup, known);
  const serviceTokens = await chooseServiceTokens(setup, known);
  const pi = await choosePi(setup, known);

  const values = {
    ...known.values,
    accountId: account.accountId,
    ...address,
    access,
    serviceTokens,
    pi: piValues(pi, known),
  };
  checkConfig(stack.name, values);
  return { backend, stack, passphrase, stored, values, account, tokenPlace, pi, pulumi };
}

/** What differs from the default or was written out before; the rest stays the program's own default. */
function piValues({ config }: PiChoice, { values }: Stored): Partial<GatewayConfig["pi"]> {
  const before = (values.pi ?? {}) as Partial<GatewayConfig["pi"]>;
  const { privateKey, openclawPort, ...rest } = config;
  return {
    ...rest,
    ...((openclawPort !== 18789 || before.openclawPort !== undefined) && { openclawPort }),
    ...(privateKey !== undefined && { privateKey }),
  };
}

/** The top-level keys that are written anew. */
export const changedKeys = ({ values, stored }: Plan): string[] =>
  Object.keys(values).filter((key) => !isDeepStrictEqual(values[key], stored.values[key]));
