import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { startTestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { checkSharedConfig } from "./config.ts";
import { sharedStack } from "./shared.ts";

let registered: string[] = [];

beforeEach(() => {
  registered = [];
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, inputs }) => {
        registered.push(type.split(":").at(-1) ?? "");
        return { id: undefined, state: inputs };
      },
      call: () => ({}),
    },
    "openclaw-gateway",
    "alerts",
    true,
  );
  // The SDK's mocks know no hooks.
  const registerHook = (_request: unknown, done: (error: null) => void) => done(null);
  Object.assign(pulumi.runtime.getMonitor() as object, {
    registerResourceHook: registerHook,
    registerErrorHook: registerHook,
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  pulumi.runtime.resetOptions("", "", -1, "", "", false, "");
});

test.each([
  [false, ["owner@example.com"], /ALERTS_NOT_TO_WEBHOOKS: .*it tells owner@example\.com\. The probe's/],
  [
    false,
    [],
    /ALERTS_NOT_TO_WEBHOOKS: .*it tells nobody: npx pulumi config set .*shared\.alerts\.emails\[0\]/,
  ],
  [true, ["owner@example.com"], undefined],
] as const)(
  "says that Cloudflare's own alarms do not go to webhooks where they do not: with a paid zone %s, emails %j",
  async (paidZone, emails, words) => {
    const cloudflare = await startTestCloudflare(212, { paidZone });
    onTestFinished(() => cloudflare.local.close());
    const { accountId, apiUrl, apiToken } = cloudflare.local;
    pulumi.runtime.setAllConfig({ "cloudflare:baseUrl": apiUrl, "cloudflare:apiToken": apiToken });
    const { id } = await cloudflareApi(cloudflare.local).createTunnel("openclaw-home");
    await cloudflare.client.post(`/accounts/${accountId}/connectivity/directory/services`, {
      body: {
        name: "openclaw-home",
        type: "http",
        http_port: 18789,
        host: { ipv4: "127.0.0.1", network: { tunnel_id: id } },
      },
    });
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    const webhooks = [{ name: "phone", url: "https://hooks.example.com/", secret: "s".repeat(32) }];
    const config = { accountId, shared: { gateways: ["home"], alerts: { emails, webhooks } } };
    await sharedStack("alerts", checkSharedConfig("alerts", config));
    await pulumi.runtime.disconnect();
    const said = warn.mock.calls.map(([text]) => text).join("\n");
    if (words) expect(said).toMatch(words);
    else expect(said).toBe("");
    expect(registered.includes("NotificationPolicyWebhooks")).toBe(paidZone);
    // A policy that would tell nobody is none.
    expect(registered.includes("NotificationPolicy")).toBe(emails.length > 0);
  },
);
