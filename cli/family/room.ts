import {
  allKinds,
  type Kind,
  kindsOfGateways,
  type Names,
  namesOfGateway,
  namesOfShared,
  PLANS,
  type Plan,
  readHeld,
  shortages,
  usesOf,
} from "../../infra/account-limits.ts";
import type { CloudflareApi } from "../../infra/cloudflare-api.ts";
import type { StackOfFamily } from "./household.ts";
import { settingsIn } from "./stack-file.ts";

/**
 * Looks whether the account has room for all stacks that are to be built. Each up looks for itself, and refuses; this
 * says before the first one that not all of them will fit.
 *
 * @returns a sentence for each limit that would be passed
 */
export async function roomProblems(
  stacks: readonly StackOfFamily[],
  accountId: string,
  api: CloudflareApi,
): Promise<string[]> {
  const wanted = await namesOf(stacks, accountId);
  const held = await readHeld(accountId, kindsOfGateways, api);
  return shortages(usesOf(held, wanted), await planOf(stacks, accountId));
}

/** As the stacks of this account say; where they do not agree, the larger one. */
async function planOf(stacks: readonly StackOfFamily[], accountId: string): Promise<Plan> {
  const settings = await Promise.all(stacks.map(({ file }) => settingsIn(file)));
  const plans = settings.filter((one) => one.accountId === accountId).map(({ plan }) => plan);
  return PLANS.findLast((plan) => plans.includes(plan)) ?? "free";
}

/** What all of the stacks that are in this account have there. */
async function namesOf(stacks: readonly StackOfFamily[], accountId: string): Promise<Names> {
  const each = await Promise.all(
    stacks.map(async ({ name, file }): Promise<Names> => {
      const settings = await settingsIn(file);
      if (settings.accountId !== accountId) return {};
      return settings.shared
        ? namesOfShared(name, settings.shared)
        : namesOfGateway(name, { serviceTokens: [{ name: "cli" }], ...settings });
    }),
  );
  const all = (kind: Kind) => [kind, each.flatMap((names) => names[kind] ?? [])] as const;
  return Object.fromEntries(allKinds.map(all));
}
