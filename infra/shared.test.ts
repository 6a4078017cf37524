import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProbeReport } from "../contract/probe.ts";
import type { TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { startConnector, type TestConnector } from "../rehearsal/cloudflare/testing/connector.ts";
import { openCloudStage } from "../rehearsal/testing/cloud-stage.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { unexpectedConnectors } from "./connectors.ts";
import { findGateways } from "./shared-gateways.ts";

const secret = "s".repeat(40);
const hook = "https://hooks.example.com/alerts";
const teardown = new AsyncDisposableStack();
const received: { url: string; headers: Headers; body: string }[] = [];
let hookStatus = 200;
let account: TestCloudflare;
let stack: Stack;
let tunnelId: string;
let token: string;
let connector: TestConnector;

const configOf = ({ local }: TestCloudflare): ConfigMap => ({
  "cloudflare:baseUrl": { value: local.apiUrl },
  "cloudflare:apiToken": { value: local.apiToken, secret: true },
  "openclaw-gateway:accountId": { value: local.accountId },
  "openclaw-gateway:shared.gateways[0]": { value: "home" },
  "openclaw-gateway:shared.probe.failures": { value: "2" },
  "openclaw-gateway:shared.alerts.emails[0]": { value: "owner@example.com" },
  "openclaw-gateway:shared.alerts.webhooks[0].name": { value: "phone" },
  "openclaw-gateway:shared.alerts.webhooks[0].url": { value: hook, secret: true },
  "openclaw-gateway:shared.alerts.webhooks[0].secret": { value: secret, secret: true },
});
const accountPath = (path: string) => `/accounts/${account.local.accountId}${path}`;
const strike = () => account.local.strike("openclaw-alerts-probe");
const fromProbe = () => received.splice(0).filter(({ headers }) => headers.has("openclaw-gateway-signature"));
const lastReport = async () => {
  const reportId = /^KV namespace .* \((.*)\)$/m.exec(account.local.resources().join("\n"))?.[1];
  const path = accountPath(`/storage/kv/namespaces/${reportId}/values/last`);
  const answer = await fetch(`${account.local.apiUrl}${path}`, {
    headers: { authorization: `Bearer ${account.local.apiToken}` },
  });
  return answer.ok ? ((await answer.json()) as ProbeReport) : undefined;
};
const eventsOf = (messages: readonly { body: string }[]) =>
  messages.flatMap(({ body }) => JSON.parse(body).events as Record<string, unknown>[]);

async function startConnected(): Promise<TestConnector> {
  const started = await startConnector(token, account.streetAddress);
  teardown.defer(async () => void (await started.stop()));
  await started.logged(/Registered tunnel connection.*connIndex=3/);
  return started;
}

/** A gateway's tunnel and VPC service, and what stands for its OpenClaw. */
async function makeGateway(): Promise<void> {
  const asked: (string | undefined)[] = [];
  const openclaw = createServer((request, response) => {
    asked.push(request.headers["x-forwarded-for"] as string | undefined);
    response.setHeader("content-type", "application/json").end('{"ready":true}');
  });
  await new Promise<void>((resolve) => openclaw.listen(0, "127.0.0.1", resolve));
  teardown.defer(() => void openclaw.close());
  const { client } = account;
  const made = (await client.post(accountPath("/cfd_tunnel"), {
    body: { name: "openclaw-home", config_src: "cloudflare" },
  })) as unknown as { result: { id: string } };
  tunnelId = made.result.id;
  token = ((await client.get(accountPath(`/cfd_tunnel/${tunnelId}/token`))) as unknown as { result: string })
    .result;
  await client.post(accountPath("/connectivity/directory/services"), {
    body: {
      name: "openclaw-home",
      type: "http",
      http_port: (openclaw.address() as AddressInfo).port,
      host: { ipv4: "127.0.0.1", network: { tunnel_id: tunnelId } },
    },
  });
  seenAddresses = asked;
}
let readToken = "";
let seenAddresses: readonly (string | undefined)[] = [];

beforeAll(async () => {
  const opened = await openCloudStage(240, teardown, {
    paidZone: true,
    internet: async (request) => {
      if (request.url.startsWith(account.local.apiUrl)) return fetch(request);
      received.push({ url: request.url, headers: request.headers, body: await request.text() });
      return new Response("", { status: hookStatus });
    },
  });
  account = opened.account;
  stack = await opened.workspace.stack("alerts", configOf(account));
}, 600_000);

afterAll(() => teardown.disposeAsync());

describe("a shared stack", () => {
  test("is refused while a gateway that it is to watch is not there, and with a gateway's keys", async () => {
    await expect(stack.preview()).rejects.toThrow("SHARED_GATEWAY_MISSING");
    await stack.setAllConfig({ "openclaw-gateway:pi.host": { value: "192.0.2.1" } }, true);
    await expect(stack.preview()).rejects.toThrow("a gateway's key in a shared stack");
    await stack.removeConfig("openclaw-gateway:pi");
  });

  test("is not built while a webhook does not take Cloudflare's test message", async () => {
    await makeGateway();
    connector = await startConnected();
    hookStatus = 302;
    await expect(stack.up()).rejects.toThrow("test message");
    const [{ headers, body }] = received.splice(0) as [(typeof received)[number]];
    expect(headers.get("cf-webhook-auth")).toBe(secret);
    expect(JSON.parse(body).text).toContain("test message");
    hookStatus = 200;
  });

  test("makes alerts and a probe, and a second preview changes nothing", async () => {
    await stack.up();
    expect(account.local.resources().join("\n")).toContain("openclaw-alerts-probe");
    const policies = (await account.client.get(accountPath("/alerting/v3/policies"))) as unknown as {
      result: Record<string, unknown>[];
    };
    const byType = Object.fromEntries(policies.result.map((policy) => [policy.alert_type, policy]));
    expect(byType).toMatchObject({
      tunnel_health_event: {
        filters: {
          new_status: ["TUNNEL_STATUS_TYPE_DEGRADED", "TUNNEL_STATUS_TYPE_DOWN"],
          tunnel_id: [tunnelId],
        },
        mechanisms: { email: [{ id: "owner@example.com" }], webhooks: [{ id: expect.any(String) }] },
      },
      expiring_service_token_alert: { enabled: true },
    });
    await expectNoDrift(stack);
    // Only what the state encrypts has a plaintext.
    const state = JSON.stringify(await stack.exportStack(), (key, value) =>
      key === "plaintext" ? undefined : value,
    );
    expect(state).not.toContain(secret);
    expect(state).not.toContain(hook);
  });

  test("rings once after failures in a row and once on recovery, signed, and again where no webhook took it", async () => {
    expect(await lastReport()).toBeUndefined();
    await strike();
    expect(fromProbe()).toEqual([]);
    expect(seenAddresses).toEqual(["192.0.2.1"]);
    expect(await lastReport()).toEqual({ at: expect.stringMatching(/^20/), gateways: { home: {} } });

    await connector.stop();
    // Cloudflare's own alarm: the secret as it is, and no signature.
    await expect
      .poll(() => received.map(({ headers, body }) => [headers.get("cf-webhook-auth"), JSON.parse(body)]))
      .toContainEqual([secret, expect.objectContaining({ alert_type: "tunnel_health_event" })]);
    await strike();
    expect(fromProbe()).toEqual([]);
    hookStatus = 500;
    await strike();
    expect(fromProbe()).toHaveLength(1);
    hookStatus = 200;
    await strike();
    const messages = fromProbe();
    expect(eventsOf(messages)).toMatchObject([{ gateway: "home", status: "down" }]);
    const { since, reason } = eventsOf(messages)[0] as { since: string; reason: string };
    expect((await lastReport())?.gateways).toEqual({ home: { reason, since } });
    const [{ url, headers, body }] = messages as [(typeof messages)[number]];
    expect(url).toBe(hook);
    const time = headers.get("openclaw-gateway-timestamp");
    const wanted = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
    expect(headers.get("openclaw-gateway-signature")).toBe(`v1=${wanted}`);
    expect(JSON.stringify([...headers]) + body).not.toContain(secret);
    await strike();
    expect(fromProbe()).toEqual([]);

    await startConnected();
    await strike();
    expect(eventsOf(fromProbe())).toEqual([{ gateway: "home", status: "up" }]);
  });

  test("has Cloudflare tell of a service token that ends within a week, once", async () => {
    for (const [name, duration] of [
      ["soon", "167h"],
      ["later", "169h"],
    ])
      await account.client.post(accountPath("/access/service_tokens"), { body: { name, duration } });
    received.length = 0;
    for (let day = 0; day < 2; day++) await account.local.remindOfExpiry();
    expect(received.map(({ body }) => JSON.parse(body))).toEqual([
      expect.objectContaining({
        alert_type: "expiring_service_token_alert",
        policy_name: "openclaw-alerts service tokens",
        data: expect.objectContaining({ token_name: "soon" }),
      }),
    ]);
    expect(received[0]?.headers.get("cf-webhook-auth")).toBe(secret);
  });

  test("finds the gateway of a stack whose tunnel is another one's", async () => {
    const { accountId, apiUrl: baseUrl, apiToken } = account.local;
    const { client } = account;
    const made = (await client.post(accountPath("/cfd_tunnel"), {
      body: { name: "garage", config_src: "cloudflare" },
    })) as unknown as { result: { id: string } };
    const service = (await client.post(accountPath("/connectivity/directory/services"), {
      body: {
        name: "openclaw-mia",
        type: "http",
        http_port: 18789,
        host: { ipv4: "127.0.0.1", network: { tunnel_id: made.result.id } },
      },
    })) as unknown as { result: { service_id: string } };
    expect(await findGateways(accountId, ["mia"], { baseUrl, token: apiToken })).toEqual([
      { name: "mia", tunnelId: made.result.id, vpcServiceId: service.result.service_id },
    ]);
  });

  test("takes for the probe no token that cannot read tunnels, none that can do more, and not the program's own", async () => {
    const key = "openclaw-gateway:shared.alerts.tunnelReadToken";
    const { apiToken, issueApiToken } = account.local;
    const set = (value: string) => stack.setAllConfig({ [key]: { value, secret: true } }, true);
    await set(apiToken);
    await expect(stack.preview()).rejects.toThrow("a Worker must not hold what may change the account");
    await set(issueApiToken({ without: ["Cloudflare Tunnel Write"] }));
    await expect(stack.preview()).rejects.toThrow("may not read the tunnels");
    const reads = "Cloudflare Tunnel Read" as const;
    await set(
      issueApiToken({ permissions: [reads, "Workers Scripts Read", "Access: Service Tokens Write"] }),
    );
    await expect(stack.preview()).rejects.toThrow(
      "may do more than read tunnels, as a Worker must not: Access: Service Tokens, Workers Scripts",
    );
    await set(issueApiToken({ permissions: ["Cloudflare Tunnel Write"] }));
    await expect(stack.preview()).rejects.toThrow("as a Worker must not: Cloudflare Tunnel: Edit");
    readToken = issueApiToken({ permissions: [reads] });
    await set(readToken);
    await stack.up();
    await expectNoDrift(stack);
    const state = JSON.stringify(await stack.exportStack(), (key, value) =>
      key === "plaintext" ? undefined : value,
    );
    expect(state).not.toContain(readToken);
  });

  test("rings when a tunnel's connectors are several, when they cannot be seen, and when all is well again", async () => {
    received.length = 0;
    const another = await startConnected();
    await strike();
    expect(fromProbe()).toEqual([]);
    await strike();
    expect(eventsOf(fromProbe())).toEqual([
      {
        gateway: "home",
        status: "connectors",
        reason: expect.stringMatching(/^SEVERAL_CONNECTORS: \S+ from 127\.\S+, \S+ from 127\.\S+$/),
        since: expect.stringMatching(/^20/),
      },
    ]);
    expect((await lastReport())?.gateways).toEqual({ home: {} });
    await another.stop();
    await strike();
    expect(eventsOf(fromProbe())).toEqual([{ gateway: "home", status: "connectors-well" }]);
    account.local.revokeApiToken(readToken);
    await strike();
    await strike();
    expect(eventsOf(fromProbe())).toMatchObject([
      {
        gateway: "home",
        status: "connectors",
        reason: expect.stringMatching(/^CONNECTORS_UNREADABLE: Cloudflare answered 40/),
      },
    ]);
  });

  test("finds a connector that is not the Pi's", async () => {
    const { accountId, apiUrl: baseUrl, apiToken } = account.local;
    const look = (expected: object) =>
      unexpectedConnectors(accountId, tunnelId, expected, { baseUrl, token: apiToken });
    expect(await look({})).toEqual([]);
    // A Pi whose connector does not run: the one there is, is another's.
    expect(await look({ id: null })).toMatchObject([{ kind: "other-connector" }]);
    expect(await look({ originIp: "203.0.113.9" })).toMatchObject([{ kind: "other-address" }]);
    await startConnected();
    expect(await look({})).toHaveLength(2);
    const [first] = await look({});
    expect(await look({ id: first?.connectorId })).toMatchObject([{ kind: "other-connector" }]);
  });

  test("holds its gateways' VPC services, and lets go of them when it is taken off", async () => {
    const services = (await account.client.get(
      accountPath("/connectivity/directory/services"),
    )) as unknown as {
      result: { service_id: string; name: string }[];
    };
    const id = services.result.find(({ name }) => name === "openclaw-home")?.service_id;
    const remove = () => account.client.delete(accountPath(`/connectivity/directory/services/${id}`));
    await expect(remove()).rejects.toThrow("bound by the Worker openclaw-alerts-probe");
    await stack.destroy();
    await remove();
    const left = account.local.resources().join("\n");
    expect(left).not.toMatch(/openclaw-alerts|VPC service openclaw-home|webhook|notification|KV/);
  });
});
