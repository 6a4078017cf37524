import { namespace } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { StackOfFamily } from "./household.ts";
import { USUAL_PORT } from "./ports.ts";
import { settingsIn } from "./stack-file.ts";

/** What only one stack can have, as it stands in the stack's file. */
interface Claim {
  readonly what: string;
  readonly stack: string;
  readonly mend: string;
}

/**
 * Refuses stacks that would take something from each other: a hostname, or a port of one Pi. Each up would notice it by
 * itself only when the other one is built already, and the last one to come would win at OpenClaw's config.
 *
 * @param all every stack of the family, whichever of them is meant
 */
export async function refuseConflicts(all: readonly StackOfFamily[]): Promise<void> {
  const claims = (await Promise.all(all.map(claimsOf))).flat();
  const taken = new Map<string, Claim>();
  const problems = claims.flatMap((claim) => {
    const before = taken.get(claim.what);
    taken.set(claim.what, before ?? claim);
    return before ? [`${claim.what} is both ${before.stack}'s and ${claim.stack}'s`, `  ${claim.mend}`] : [];
  });
  if (problems.length > 0)
    throw new Refusal("STACKS_IN_CONFLICT", "two stacks are to have the same:", ...problems);
}

async function claimsOf({ name, ref, file }: StackOfFamily): Promise<Claim[]> {
  const { hostname, pi } = await settingsIn(file);
  const set = (key: string, value: string) =>
    `npx pulumi config set --stack ${ref} --path '${namespace}:${key}' ${value}`;
  const port = pi?.openclawPort ?? USUAL_PORT;
  return [
    ...(hostname ? [{ what: `the hostname ${hostname}`, stack: name, mend: set("hostname", "NAME") }] : []),
    ...(pi?.host && !pi.abandoned
      ? [{ what: `port ${port} of the Pi ${pi.host}`, stack: name, mend: set("pi.openclawPort", "PORT") }]
      : []),
  ];
}
