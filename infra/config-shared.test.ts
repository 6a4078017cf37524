import { describe, expect, test } from "vitest";
import { checkSharedConfig, isShared } from "./config.ts";
import { EVERYONE } from "./config-access.ts";
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

  test("may have groups and login methods alone, each with what it needs and nothing else", () => {
    const of = (people: object) =>
      [...problemsOf({ accountId: good.accountId, shared: people }).keys()].map((key) =>
        key.replace("openclaw-gateway:shared.", ""),
      );
    const github = { name: "GitHub", type: "github", clientId: "id", clientSecret: "secret" };
    const family = { name: "family", emails: ["ann@example.com"] };
    expect(of({ groups: [family], loginMethods: [github, { name: "Codes", type: "onetimepin" }] })).toEqual(
      [],
    );
    expect(of({})).toEqual(["gateways[0]"]);
    expect(of({ groups: [{ name: "family" }] })).toEqual(["groups[0].emails[0]"]);
    expect(of({ groups: [{ name: "world", everyone: "yes" }] })).toEqual(["groups[0].everyone"]);
    expect(of({ groups: [{ name: "world", everyone: EVERYONE }] })).toEqual([]);
    expect(of({ groups: [family, family] })).toEqual(["groups"]);
    const inEachOther = ["a", "b", "c"].map((name, index) => ({ name, groups: [["b", "c", "a"][index]] }));
    expect(of({ groups: inEachOther })).toEqual(["groups"]);
    expect(of({ groups: [{ ...family, name: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415" }] })).toEqual([
      "groups[0].name",
    ]);
    const codes = { name: "Codes", type: "onetimepin", clientSecret: "of-no-use" };
    expect(of({ loginMethods: [codes] })).toEqual(["loginMethods[0].clientSecret"]);
    expect(of({ loginMethods: [{ ...github, type: "oidc" }] })).toEqual(
      ["authUrl", "tokenUrl", "certsUrl"].map((key) => `loginMethods[0].${key}`),
    );
    expect(of({ loginMethods: [{ ...github, authUrl: "http://login.example.com" }] })).toEqual([
      "loginMethods[0].authUrl",
    ]);
    const pins = ["a", "b"].map((name) => ({ name, type: "onetimepin" }));
    expect(of({ loginMethods: pins })).toEqual(["loginMethods"]);
    const told = problemsOf({ accountId: good.accountId, shared: { loginMethods: [codes] } });
    expect(JSON.stringify([...told.values()])).not.toContain("of-no-use");
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
