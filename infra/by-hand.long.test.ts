import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { anyHostKey, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";
import { changesOf, expectNoDrift } from "../rehearsal/testing/drift.ts";

// Access applications and policies: access.test.ts.
const teardown = new AsyncDisposableStack();
let account: TestCloudflare;
let home: Stack;
let alerts: Stack;

type Keys = Readonly<Record<string, unknown>>;
const at = (path: string) => `/accounts/${account.local.accountId}${path}`;
const get = async <T>(path: string) => (await account.client.get<{ result: T }>(at(path))).result;
const one = async (path: string, name: string): Promise<Keys> => {
  const listed = await get<Keys[]>(path);
  const found = listed.find((entry) => [entry.name, entry.title, entry.hostname].includes(name));
  if (!found) throw new Error(`no ${name} in ${path}: ${JSON.stringify(listed)}`);
  return found;
};
/** All stays but these keys, as the dashboard does it. */
const putAt = async (path: string, id: unknown, before: Keys, keys: Keys) =>
  void (await account.client.put(at(`${path}/${id}`), { body: { ...before, ...keys } }));

beforeAll(async () => {
  const opened = await openCloudStage(236, teardown, {
    paidZone: true,
    zones: ["example.com"],
    internet: (request) =>
      request.url.startsWith(opened.account.local.apiUrl)
        ? fetch(request)
        : Promise.resolve(new Response("")),
  });
  account = opened.account;
  const { apiUrl, apiToken, accountId } = account.local;
  const common: ConfigMap = {
    "cloudflare:baseUrl": { value: apiUrl },
    "cloudflare:apiToken": { value: apiToken, secret: true },
    "openclaw-gateway:accountId": { value: accountId },
  };
  home = await opened.workspace.stack("home", {
    ...common,
    "openclaw-gateway:hostname": { value: "ai.example.com" },
    "openclaw-gateway:pi.host": { value: "192.0.2.1" },
    "openclaw-gateway:pi.hostKey": { value: anyHostKey },
    "openclaw-gateway:pi.abandoned": { value: "true" },
    "openclaw-gateway:access.emails[0]": { value: "owner@example.com" },
  });
  alerts = await opened.workspace.stack("alerts", {
    ...common,
    "openclaw-gateway:shared.gateways[0]": { value: "home" },
    "openclaw-gateway:shared.alerts.emails[0]": { value: "owner@example.com" },
    "openclaw-gateway:shared.alerts.webhooks[0].name": { value: "phone" },
    "openclaw-gateway:shared.alerts.webhooks[0].url": { value: "https://hooks.example.com/", secret: true },
    "openclaw-gateway:shared.alerts.webhooks[0].secret": { value: "s".repeat(40), secret: true },
  });
  await home.up();
  await alerts.up();
}, 600_000);

afterAll(async () => {
  await alerts?.destroy();
  await home?.destroy();
  await teardown.disposeAsync();
}, 120_000);

describe("a change by hand in the dashboard", { timeout: 120_000 }, () => {
  test("shows as exactly that one change, in each kind of resource of a gateway", async () => {
    const { client } = account;
    const tunnel = await one("/cfd_tunnel?is_deleted=false", "openclaw-home");
    await client.patch(at(`/cfd_tunnel/${tunnel.id}`), { body: { name: "renamed" } });
    const services = "/connectivity/directory/services";
    const service = await one(services, "openclaw-home");
    await putAt(services, service.service_id, service, { http_port: 18790 });
    const tokens = "/access/service_tokens";
    const token = await one(tokens, "openclaw-home-cli");
    await putAt(tokens, token.id, { name: token.name }, { duration: "17520h" });
    const form = new FormData();
    const script = "export class Ledger {}; export default { fetch: () => new Response('by hand') }";
    form.set("metadata", JSON.stringify({ main_module: "worker.js" }));
    form.set("worker.js", new File([script], "worker.js", { type: "application/javascript+module" }));
    await client.put(at("/workers/scripts/openclaw-home/content"), { body: form });
    await client.post(at("/workers/scripts/openclaw-home/subdomain"), {
      body: { enabled: true, previews_enabled: true },
    });
    const domain = await one("/workers/domains", "ai.example.com");
    await client.delete(at(`/workers/domains/${domain.id}`));
    expect(await changesOf(home)).toEqual({
      "home-tunnel": ["name"],
      "home-service": ["httpPort"],
      "home-token-cli": ["duration"],
      "home-script": ["contentSha256"],
      "home-route": ["enabled", "previewsEnabled"],
      "home-domain-ai.example.com": ["create"],
    });
  });

  test("shows as exactly that one change, in each kind of resource of a shared stack", async () => {
    const policies = "/alerting/v3/policies";
    const tokens = await one(policies, "openclaw-alerts service tokens");
    await putAt(policies, tokens.id, tokens, { enabled: false });
    const tunnels = await one(policies, "openclaw-alerts tunnels");
    await putAt(policies, tunnels.id, tunnels, { mechanisms: { email: [{ id: "else@example.com" }] } });
    const hooks = "/alerting/v3/destinations/webhooks";
    const hook = await one(hooks, "openclaw-alerts phone");
    await putAt(hooks, hook.id, { name: hook.name }, { url: "https://hooks.example.net/" });
    const kv = "/storage/kv/namespaces";
    const report = await one(kv, "openclaw-alerts-probe");
    await putAt(kv, report.id, {}, { title: "renamed" });
    await account.client.put(at("/workers/scripts/openclaw-alerts-probe/schedules"), {
      body: [{ cron: "0 * * * *" }] as never,
    });
    expect(await changesOf(alerts)).toEqual({
      "alerts-tokens": ["enabled"],
      "alerts-tunnels": ["mechanisms"],
      "alerts-webhook-phone": ["url"],
      "alerts-probe-report": ["title"],
      "alerts-probe-clock": ["schedules"],
    });
  });

  test("is taken back by the next up", async () => {
    for (const stack of [home, alerts]) {
      await stack.up({ refresh: true });
      await expectNoDrift(stack);
    }
  });
});
