import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import { Refusal } from "./refusal.ts";

/** An Access application, as the API lists it. */
export interface ListedApplication {
  readonly id: string;
  readonly name: string;
  /** `HOST`, `*.HOST` or `HOST/PATH`. */
  readonly domain?: string;
  readonly destinations?: readonly { readonly type?: string; readonly uri?: string }[];
  readonly policies?: readonly { readonly name?: string; readonly decision?: string }[];
}

/** Every Access application of the account. */
export const listApplications = (accountId: string, api: CloudflareApi): Promise<ListedApplication[]> =>
  readCloudflare(`/accounts/${accountId}/access/apps?per_page=1000`, api);

/**
 * Looks for Access applications of others that take a part of the gateway's requests, or would take all of them if its
 * own were gone. Access goes by the most specific address, then by the account's own application for all Workers
 * (https://developers.cloudflare.com/workers/configuration/cloudflare-access/).
 *
 * @returns a note for each that is less specific than the stack's own
 * @throws Refusal for those that are more specific: their requests come without the stack's audience, or with none at all
 */
export function judgeApplications(
  applications: readonly ListedApplication[],
  hostnames: readonly string[],
  accountId: string,
): string[] {
  const touching = applications.flatMap((application) =>
    addressesOf(application).flatMap((address) =>
      hostnames.flatMap((hostname) => {
        const how = relation(address, hostname);
        return how ? [{ application, address, how }] : [];
      }),
    ),
  );
  const inside = touching.filter(({ how }) => how === "inside");
  if (inside.length > 0)
    throw new Refusal(
      "ACCESS_OVERLAP",
      "other Access applications take a part of the gateway's address, which the gateway then refuses:",
      ...inside.map(({ application, address }) => `${describe(application)} at ${address}`),
      `delete them, or give them another address: https://one.dash.cloudflare.com/${accountId}/access/apps`,
    );
  return touching.map(
    ({ application, address }) =>
      `the Access application ${describe(application)} is for ${address} too. The gateway's own comes first; where that is missing, the gateway refuses what the other one lets through`,
  );
}

/** All addresses that an application guards; `every Worker` for one of the account. */
function addressesOf({ domain, destinations = [] }: ListedApplication): string[] {
  const named = destinations.flatMap(({ type, uri }) =>
    type === "all_workers" ? [EVERY_WORKER] : (uri ?? []),
  );
  return [...new Set([...(domain ? [domain] : []), ...named])];
}

const EVERY_WORKER = "every Worker of the account";

function relation(address: string, hostname: string): "inside" | "around" | undefined {
  if (address === EVERY_WORKER) return "around";
  const [host = "", ...path] = address.toLowerCase().replace(/\/+$/, "").split("/");
  const isPattern = host.includes("*");
  const covers = isPattern && new RegExp(`^${host.split("*").map(quoted).join("[^.]*")}$`).test(hostname);
  // One of the hostname itself is the stack's own, or another's, which the look at names refuses.
  if (host === hostname) return path.length > 0 && path.join("") !== "*" ? "inside" : undefined;
  return covers ? "around" : undefined;
}

const quoted = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");

function describe({ name, policies = [] }: ListedApplication): string {
  const bypass = policies.find(({ decision }) => decision === "bypass");
  return bypass
    ? `"${name}", whose policy "${bypass.name}" lets everybody through without a login (Bypass),`
    : `"${name}"`;
}
