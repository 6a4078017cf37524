import type { Context, Hono } from "hono";
import * as z from "zod";
import type { Account, DnsRecord } from "../account.ts";
import { hexId } from "../identifiers.ts";
import { allows } from "./authenticate.ts";
import { ApiError, answer, answerList, parseBody } from "./envelope.ts";

const body = z.looseObject({
  name: z.string().min(1),
  type: z.enum(["A", "AAAA", "CNAME", "TXT", "MX"]),
  content: z.string().min(1),
});

/** What leads a name somewhere; other records may stand beside a custom domain. */
export const addressOf = (account: Account, hostname: string): DnsRecord | undefined =>
  account.dnsRecords.find(({ name, type }) => name === hostname && type !== "TXT" && type !== "MX");

/**
 * DNS records of the account's zones (https://developers.cloudflare.com/api/resources/dns/subresources/records/): those
 * that somebody made, and the one that Cloudflare keeps for each custom domain of a Worker.
 */
export function serveDnsRecords(api: Hono, account: Account): void {
  const path = "/zones/:id/dns_records";
  const zoneOf = (c: Context, permission: "DNS Read" | "DNS Write") => {
    const may = allows(c, "DNS Write") || (permission === "DNS Read" && allows(c, permission));
    const zone = may ? account.zones.get(c.req.param("id") ?? "") : undefined;
    if (!zone) throw new ApiError(403, 10000, "Authentication error");
    return zone;
  };
  const show = ({ id, name, type, content }: DnsRecord) => ({
    id,
    name,
    type,
    content,
    proxied: true,
    ttl: 1,
    meta: {},
  });

  api.get(path, (c) => {
    const zone = zoneOf(c, "DNS Read");
    const name = c.req.query("name.exact") ?? c.req.query("name");
    const own = account.dnsRecords.list().filter(({ zoneId }) => zoneId === zone.id);
    const ofWorkers = account.customDomains.list().filter(({ zoneId }) => zoneId === zone.id);
    const shown = [
      ...own.map(show),
      ...ofWorkers.map(({ id, hostname }) => ({
        ...show({ id, name: hostname, type: "AAAA", content: "100::", zoneId: zone.id }),
        meta: { origin_worker_id: id, read_only: true },
      })),
    ];
    return answerList(
      c,
      shown.filter((record) => name === undefined || record.name === name),
    );
  });
  api.post(path, async (c) => {
    const zone = zoneOf(c, "DNS Write");
    const { name, type, content } = parseBody(body, await c.req.json(), 9000);
    const record = { id: hexId(), zoneId: zone.id, name, type, content };
    return answer(c, show(account.dnsRecords.put(record)));
  });
  api.delete(`${path}/:record`, (c) => {
    zoneOf(c, "DNS Write");
    account.dnsRecords.delete(c.req.param("record"));
    return answer(c, { id: c.req.param("record") });
  });
}
