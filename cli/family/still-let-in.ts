import { configSchema, type GatewayConfig } from "../../infra/config.ts";
import type { StackOfFamily } from "./household.ts";
import { settingsIn } from "./stack-file.ts";

/** By what a person may log in at a stack although no address of its config is theirs. */
export function stillLetIn(person: string, stack: string, access: GatewayConfig["access"]): string[] {
  const again = `${person} may log in at ${stack} again`;
  if (access.everyone !== undefined)
    return [`${again}, as a guest like anybody: access.everyone stands in its config.`];
  const domain = access.emailDomains.find((one) => person.endsWith(`@${one}`));
  if (domain) return [`${again}: access.emailDomains lets in everyone of ${domain}.`];
  const doubts = [
    access.groups.length > 0 && "an Access group of access.groups has them",
    access.identityProviders.length > 0 && "a login service of access.identityProviders has them",
  ].filter((doubt) => doubt !== false);
  return doubts.length === 0 ? [] : [`${again} if ${doubts.join(" or ")}; who is in it, is not known here.`];
}

/** The stacks of an account that name a person: with their sessions a login would end that is to go on. */
export async function namedBy(
  person: string,
  stacks: readonly StackOfFamily[],
  accountId: string,
): Promise<string[]> {
  const named = stacks.map(async ({ name, file }) => {
    const { access, accountId: account } = await settingsIn(file);
    return account === accountId && names(access, person) ? [name] : [];
  });
  return (await Promise.all(named)).flat();
}

/** Where else in the family a person may log in, and by what. */
export async function letInElsewhere(person: string, stacks: readonly StackOfFamily[]): Promise<string[]> {
  const said = stacks.map(async ({ name, file }) => {
    const { access } = await settingsIn(file);
    if (names(access, person))
      return [`${person} is a person of the stack ${name} too, whose login goes on.`];
    const rules = configSchema.shape.access.safeParse(access);
    return rules.success ? stillLetIn(person, name, rules.data) : [];
  });
  return (await Promise.all(said)).flat();
}

const names = (access: { readonly emails?: readonly string[] } | undefined, person: string): boolean =>
  (access?.emails ?? []).some((email) => email.toLowerCase() === person);
