import type { GatewayConfig } from "../../infra/config.ts";

/** By what a person may log in although no address of the config is theirs. */
export function stillLetIn(person: string, { access }: Pick<GatewayConfig, "access">): string[] {
  if (access.everyone !== undefined)
    return ["They may log in again, as a guest like anybody: access.everyone stands in the config."];
  const domain = access.emailDomains.find((one) => person.endsWith(`@${one}`));
  if (domain) return [`They may log in again: access.emailDomains lets in everyone of ${domain}.`];
  if (access.groups.length === 0) return [];
  return [
    "They may log in again if an Access group of access.groups has them; who is in it, Access alone knows.",
  ];
}
