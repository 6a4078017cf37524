import { describe, expect, test } from "vitest";
import { checkSharedConfig, isShared } from "./config.ts";
import { problemsOf as problemsOfAny } from "./testing/config-problems.ts";

const webhook = { name: "phone", url: "https://hooks.example.com/alerts", secret: "s".repeat(32) };
const good = {
  accountId: "0".repeat(32),
  shared: { gateways: ["home"], alerts: { emails: ["owner@example.com"] } },
};

const problemsOf = (raw: Record<string, unknown>, stack = "alerts") =>
  problemsOfAny(raw, stack, checkSharedConfig);
const keysOf = (shared: object) => [...problemsOf({ ...good, shared: { ...good.shared, ...shared } }).keys()];

describe("checkSharedConfig", () => {
  test("fills in the defaults", () => {
    expect(checkSharedConfig("alerts", good)).toEqual({
      accountId: good.accountId,
      plan: "free",
      shared: {
        gateways: ["home"],
        alerts: { emails: ["owner@example.com"], webhooks: [] },
        probe: { everyMinutes: 5, failures: 3 },
        groups: [],
        loginMethods: [],
      },
    });
  });

  test("lists every problem at once, each with the command that mends it", () => {
    const raw = {
      accountId: "1",
      plan: "pro",
      shared: {
        gateways: ["home", "home"],
        alerts: { webhooks: [{ ...webhook, url: "http://10.0.0.1/", secret: "short" }, webhook] },
        probe: { everyMinutes: 0, failures: 1.5 },
        colour: "x",
      },
    };
    const problems = problemsOf(raw, "Alerts");
    expect([...problems.keys()].sort()).toEqual([
      "openclaw-gateway:accountId",
      "openclaw-gateway:plan",
      "openclaw-gateway:shared.alerts.webhooks",
      "openclaw-gateway:shared.alerts.webhooks[0].secret",
      "openclaw-gateway:shared.alerts.webhooks[0].url",
      "openclaw-gateway:shared.colour",
      "openclaw-gateway:shared.gateways",
      "openclaw-gateway:shared.probe.everyMinutes",
      "openclaw-gateway:shared.probe.failures",
      "the stack's name",
    ]);
    for (const [key, { mend }] of problems) expect(mend, key).toContain("npx pulumi ");
    expect(JSON.stringify([...problems.values()])).not.toContain(webhook.secret);
  });

  test("wants somebody who hears an alarm, and a stack to watch", () => {
    expect(keysOf({ alerts: {} })).toEqual(["openclaw-gateway:shared.alerts.emails[0]"]);
    expect(keysOf({ alerts: { webhooks: [webhook] } })).toEqual([]);
    expect(keysOf({ gateways: [] })).toHaveLength(1);
    expect(keysOf({ alerts: { webhooks: Array(4).fill(webhook) } })).toEqual([
      "openclaw-gateway:shared.alerts.webhooks",
    ]);
  });

  test("refuses a gateway's keys, and takes the defaults that Pulumi hands over with them", () => {
    const defaults = {
      hostname: "",
      tunnel: {},
      pi: {},
      serviceTokens: [],
      forceHttps: "true",
      plan: "paid",
    };
    expect(checkSharedConfig("alerts", { ...good, ...defaults }).plan).toBe("paid");
    const problems = problemsOf({ ...good, ...defaults, forceHttps: "false", pi: { host: "raspberrypi" } });
    expect([...problems.keys()]).toEqual(["openclaw-gateway:pi", "openclaw-gateway:forceHttps"]);
    expect(problems.get("openclaw-gateway:pi")?.mend).toBe("npx pulumi config rm 'openclaw-gateway:pi'");
  });
});

test("a stack is a shared one by the key shared alone", () => {
  expect(isShared(good)).toBe(true);
  for (const empty of [undefined, "", {}, "{}"]) expect(isShared({ ...good, shared: empty })).toBe(false);
});
