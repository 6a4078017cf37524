import type { GatewayConfig } from "../../infra/config.ts";

/** By what a person may log in although no address of the config is theirs. */
export function stillLetIn(person: string, { access }: Pick<GatewayConfig, "access">): string[] {
  if (access.everyone !== undefined)
    return ["They may log in again, as a guest like anybody: access.everyone stands in the config."];
  const domain = access.emailDomains.find((one) => person.endsWith(`@${one}`));
  if (domain) return [`They may log in again: access.emailDomains lets in everyone of ${domain}.`];
  const doubts = [
    access.groups.length > 0 && "an Access group of access.groups has them",
    access.identityProviders.length > 0 && "a login service of access.identityProviders has them",
  ].filter((doubt) => doubt !== false);
  return doubts.length === 0
    ? []
    : [`They may log in again if ${doubts.join(" or ")}; who is in it, is not known here.`];
}
