import type { Hono } from "hono";
import * as z from "zod";
import type { Account, CustomDomain } from "../account.ts";
import { hexId, timestamp } from "../identifiers.ts";
import { addressOf } from "./dns-records.ts";
import { ApiError, answer, answerList, parseBody } from "./envelope.ts";
import { scriptOf } from "./scripts.ts";

const subdomainBody = z.looseObject({ enabled: z.boolean(), previews_enabled: z.boolean().optional() });
const domainBody = z.looseObject({
  hostname: z.string().min(1),
  service: z.string().min(1),
  zone_id: z.string(),
  environment: z.string().default("production"),
});
const cron = z.string().regex(/^\S+ \S+ \S+ \S+ \S+$/, "not a cron expression of five fields");
const schedulesBody = z.array(z.looseObject({ cron }));

/** By which names and at which times a Worker is called: its workers.dev name, custom domains, cron triggers. */
export function serveRoutesOfScripts(routes: Hono, account: Account): void {
  serveSubdomains(routes, account);
  serveCustomDomains(routes, account);
  serveSchedules(routes, account);
}

function serveSubdomains(routes: Hono, account: Account): void {
  const path = "/workers/scripts/:name/subdomain";
  const set = (name: string, enabled: boolean, previewsEnabled: boolean) => {
    account.scripts.put({ ...scriptOf(account, name), enabled, previewsEnabled });
    return { enabled, previews_enabled: previewsEnabled };
  };
  routes.get("/workers/subdomain", (c) => {
    // The code is from workers-sdk, which offers to register one then; the words are a guess.
    if (!account.hasWorkersSubdomain)
      throw new ApiError(404, 10007, "There is no workers.dev subdomain on your account.");
    return answer(c, { subdomain: account.workersSubdomain });
  });
  routes.get(path, (c) => {
    const { enabled, previewsEnabled } = scriptOf(account, c.req.param("name"));
    return answer(c, { enabled, previews_enabled: previewsEnabled });
  });
  routes.post(path, async (c) => {
    const { enabled, previews_enabled: previews } = parseBody(subdomainBody, await c.req.json(), 10001);
    // Previews follow `enabled` when nothing is said: public by default.
    return answer(c, set(c.req.param("name"), enabled, previews ?? enabled));
  });
  routes.delete(path, (c) => answer(c, set(c.req.param("name"), false, false)));
}

function serveCustomDomains(routes: Hono, account: Account): void {
  const { customDomains, zones } = account;
  const one = (id: string): CustomDomain => {
    const domain = customDomains.get(id);
    if (!domain) throw new ApiError(404, 100114, "custom domain not found");
    return domain;
  };
  const show = (domain: CustomDomain) => ({
    id: domain.id,
    hostname: domain.hostname,
    service: domain.service,
    environment: domain.environment,
    zone_id: domain.zoneId,
    zone_name: zones.get(domain.zoneId)?.name,
  });
  routes.get("/workers/domains", (c) => {
    const asked = c.req.query();
    const fits = (shown: Record<string, unknown>) =>
      ["hostname", "service", "zone_id", "zone_name", "environment"].every(
        (key) => asked[key] === undefined || shown[key] === asked[key],
      );
    return answerList(c, customDomains.list().map(show).filter(fits));
  });
  routes.put("/workers/domains", async (c) => {
    const sent = parseBody(domainBody, await c.req.json(), 10001);
    const zone = zones.get(sent.zone_id);
    if (!zone) throw new ApiError(404, 10083, "zone_not_found");
    if (sent.hostname !== zone.name && !sent.hostname.endsWith(`.${zone.name}`))
      throw new ApiError(400, 10083, `${sent.hostname} is not in the zone ${zone.name}`);
    scriptOf(account, sent.service);
    const before = customDomains.find((domain) => domain.hostname === sent.hostname);
    // Both refusals as public reports of 2026 have them; the provider sends none of the options to override.
    if (before && before.service !== sent.service)
      throw new ApiError(
        409,
        100116,
        `Hostname '${sent.hostname}' already in use by other custom domain. Either delete it, try a different hostname, or use the option 'override_existing_origin' to override.`,
      );
    if (addressOf(account, sent.hostname))
      throw new ApiError(
        409,
        100117,
        `Hostname '${sent.hostname}' already has externally managed DNS records (A, CNAME, etc). Either delete them, try a different hostname, or use the option 'override_existing_dns_record' to override.`,
      );
    const { hostname, service, environment } = sent;
    const id = before?.id ?? hexId();
    return answer(
      c,
      show(customDomains.put({ id, name: hostname, hostname, service, zoneId: zone.id, environment })),
    );
  });
  routes.get("/workers/domains/:id", (c) => answer(c, show(one(c.req.param("id")))));
  routes.delete("/workers/domains/:id", (c) => {
    const domain = one(c.req.param("id"));
    customDomains.delete(domain.id);
    return answer(c, { id: domain.id });
  });
}

function serveSchedules(routes: Hono, account: Account): void {
  const path = "/workers/scripts/:name/schedules";
  routes.get(path, (c) => answer(c, { schedules: scriptOf(account, c.req.param("name")).schedules }));
  routes.put(path, async (c) => {
    const script = scriptOf(account, c.req.param("name"));
    const sent = parseBody(schedulesBody, await c.req.json(), 10100);
    const others = account.scripts.list().filter((other) => other.id !== script.id);
    const taken = others.reduce((sum, other) => sum + other.schedules.length, 0);
    const { cronTriggers } = account.limits;
    if (taken + sent.length > cronTriggers)
      throw new ApiError(
        400,
        10072,
        `This account has reached the Workers Free limit of ${cronTriggers} cron triggers per account.`,
      );
    const schedules = sent.map(({ cron }) => ({ cron, created_on: timestamp(), modified_on: timestamp() }));
    account.scripts.put({ ...script, schedules });
    return answer(c, { schedules });
  });
}
