import { hostnamePermissions } from "../contract/permissions.ts";
import { type CloudflareApi, CloudflareApiError, listCloudflare, readCloudflare } from "./cloudflare-api.ts";
import { type Missing, missingPermission, refuse } from "./missing.ts";
import { thoseThereAre } from "./those-there-are.ts";

/** A hostname that the Worker answers at, and the zone it lies in. */
export interface CustomDomain {
  readonly hostname: string;
  readonly zoneId: string;
}

export interface HostnamesWanted {
  readonly accountId: string;
  readonly hostnames: readonly string[];
  /** The zone of the main hostname, where the config gives it. */
  readonly zoneIds: Readonly<Record<string, string>>;
  /** The Worker that they are for. */
  readonly scriptName: string;
  /** Where the API token's permissions are changed. */
  readonly tokenPage: string;
}

interface Zone {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

type Found = { readonly domain: CustomDomain } | { readonly missing: Missing };

/**
 * Finds the zone of each hostname, and looks whether another Worker or a DNS record has the hostname: Cloudflare would
 * refuse it then (100116, 100117; the provider sends no `override_existing_…`), after most of the stack is built.
 *
 * @throws Refusal that lists all that stands in the way
 */
export async function lookAtHostnames(wanted: HostnamesWanted, api: CloudflareApi): Promise<CustomDomain[]> {
  const found = await Promise.all(wanted.hostnames.map((hostname) => lookAt(hostname, wanted, api)));
  refuse([
    ...new Map(found.flatMap((one) => ("missing" in one ? [[one.missing.what, one.missing]] : []))).values(),
  ]);
  return found.flatMap((one) => ("domain" in one ? [one.domain] : []));
}

async function lookAt(hostname: string, wanted: HostnamesWanted, api: CloudflareApi): Promise<Found> {
  const zone = await permitted("Zone", wanted, () => findZone(hostname, wanted, api));
  if ("missing" in zone) return zone;
  const { answer } = zone;
  if (!answer) {
    const zones = await listCloudflare<Zone>(`/zones?account.id=${wanted.accountId}`, api);
    return { missing: noZone(hostname, wanted, zones) };
  }
  if (answer.status !== "active") return { missing: sleepingZone(hostname, answer) };
  const holders = await readCloudflare<{ hostname: string; service: string }[]>(
    `/accounts/${wanted.accountId}/workers/domains?hostname=${hostname}`,
    api,
  );
  const holder = holders.find((one) => one.hostname === hostname)?.service;
  const domain = { hostname, zoneId: answer.id };
  // What the Worker has already is a DNS record too, made by Cloudflare.
  if (holder !== undefined)
    return holder === wanted.scriptName ? { domain } : { missing: ofAnotherWorker(hostname, holder) };
  const records = await permitted("DNS", wanted, () => addressesOf(hostname, answer.id, api));
  if ("missing" in records) return records;
  const [record] = records.answer;
  return record ? { missing: ofDns(hostname, record, answer) } : { domain };
}

/** The zone of the account with the longest name that the hostname ends in. */
async function findZone(
  hostname: string,
  { accountId, zoneIds }: HostnamesWanted,
  api: CloudflareApi,
): Promise<Zone | undefined> {
  const zoneId = zoneIds[hostname];
  const given = zoneId
    ? [await readCloudflare<Zone>(`/zones/${zoneId}`, api).catch(unlessUnknown)]
    : await Promise.all(
        endings(hostname).map(async (name) => {
          const zones = await readCloudflare<Zone[]>(`/zones?name=${name}&account.id=${accountId}`, api);
          return zones.find((zone) => zone.name === name);
        }),
      );
  return given.find((zone) => zone && `.${hostname}`.endsWith(`.${zone.name}`));
}

const unlessUnknown = (error: Error): undefined => {
  // 7003 "could not route": the id is none (https://developers.cloudflare.com/api/).
  if (error instanceof CloudflareApiError && (error.status === 404 || error.codes.includes(7003)))
    return undefined;
  throw error;
};

/** The hostname itself and what it ends in, longest first; a zone has two labels at least. */
const endings = (hostname: string): string[] => {
  const labels = hostname.split(".");
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
};

interface DnsRecord {
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

const addressesOf = async (hostname: string, zoneId: string, api: CloudflareApi): Promise<DnsRecord[]> => {
  const records = await readCloudflare<DnsRecord[]>(
    `/zones/${zoneId}/dns_records?name.exact=${hostname}`,
    api,
  );
  return records.filter(({ name, type }) => name === hostname && ["A", "AAAA", "CNAME"].includes(type));
};

/** An answer, or that the token may not ask. */
async function permitted<T>(
  name: "Zone" | "DNS",
  { tokenPage }: HostnamesWanted,
  ask: () => Promise<T>,
): Promise<{ answer: T } | { missing: Missing }> {
  try {
    return { answer: await ask() };
  } catch (error) {
    const permission = hostnamePermissions.find((one) => one.name === name);
    if (error instanceof CloudflareApiError && [401, 403].includes(error.status ?? 0) && permission)
      return { missing: missingPermission(permission, tokenPage) };
    throw error;
  }
}

function noZone(hostname: string, { zoneIds, tokenPage }: HostnamesWanted, zones: readonly Zone[]): Missing {
  const zoneId = zoneIds[hostname];
  const there = `of those it may read ${thoseThereAre(zones)}`;
  return {
    code: "HOSTNAME_ZONE_MISSING",
    what: zoneId
      ? `${hostname} does not lie in the zone ${zoneId}, or the API token may not read that zone; ${there}`
      : `no zone of the account holds ${hostname}, or the API token may not read it; ${there}`,
    mend: zoneId
      ? "let the zone be found by its name: npx pulumi config rm zoneId; or give the id of the right one"
      : `add the domain to the account, or the zone to the token (${tokenPage}, the token, Edit, Zone Resources), or choose another name: npx pulumi config set hostname NAME`,
  };
}

const sleepingZone = (hostname: string, { name, status }: Zone): Missing => ({
  code: "HOSTNAME_ZONE_MISSING",
  what: `${hostname} lies in the zone ${name}, which is "${status}" and not active yet`,
  mend: `let the registrar of ${name} point to the name servers that its overview in the dashboard shows, and wait until it is active`,
});

const ofAnotherWorker = (hostname: string, worker: string): Missing => ({
  code: "HOSTNAME_TAKEN",
  what: `${hostname} belongs to the Worker ${worker}`,
  mend: "take it off there (dashboard, Workers, that Worker, Domains), or choose another name: npx pulumi config set hostname NAME",
});

const ofDns = (hostname: string, { type, content }: DnsRecord, { name }: Zone): Missing => ({
  code: "HOSTNAME_TAKEN",
  what: `${hostname} has a DNS record already: ${type} ${content}`,
  mend: `is it of no use any more? delete it (dashboard, ${name}, DNS, Records); or choose another name: npx pulumi config set hostname NAME`,
});
