import { namespace } from "../../infra/config.ts";
import { WORKERS_DEV } from "../../infra/config-names.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { StackOfFamily } from "./household.ts";
import { placeOf, portOf } from "./ports.ts";
import { settingsIn } from "./stack-file.ts";

/** What only one stack can have, as it stands in the stack's file. */
interface Claim {
  readonly what: string;
  readonly stack: string;
  readonly mend: string;
}

/**
 * Refuses stacks that would take something from each other: a hostname, a Worker's name in one account, or a port of
 * one Pi. Each up would notice it by itself only when the other one is built already, and the last one to come would
 * win at OpenClaw's config.
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
  const { accountId, hostname, alsoHostnames, workerName, pi } = await settingsIn(file);
  const claim = (what: string, key: string, value: string): Claim => ({
    what,
    stack: name,
    mend: `npx pulumi config set --stack ${ref} --path '${namespace}:${key}' ${value}`,
  });
  const also = Array.isArray(alsoHostnames) ? alsoHostnames : [];
  // What is no text at all is told of by the stack's own up.
  const hostnames = [
    { key: "hostname", value: hostname },
    ...also.map((value, index) => ({ key: `alsoHostnames[${index}]`, value })),
  ].filter(({ value }) => typeof value === "string" && value !== "" && value !== WORKERS_DEV);
  const place = pi?.abandoned ? undefined : placeOf(pi);
  return [
    ...hostnames.map(({ key, value }) => claim(`the hostname ${String(value).toLowerCase()}`, key, "NAME")),
    ...(typeof workerName === "string" && workerName !== ""
      ? [claim(`the Worker ${workerName} of the account ${accountId}`, "workerName", "NAME")]
      : []),
    ...(place === undefined
      ? []
      : [claim(`port ${portOf(pi)} of the Pi ${place}`, "pi.openclawPort", "PORT")]),
  ];
}
