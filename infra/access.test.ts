import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configKeys } from "../cli/docs/config-reference.ts";
import { accessLoginsSuite } from "./access-logins.suite.ts";
import {
  type AccessGateways,
  disk,
  gatewayOf,
  jailbroken,
  openAccessGateways,
} from "./testing/access-gateways.ts";

let gateways: AccessGateways;

beforeAll(async () => {
  gateways = await openAccessGateways(200);
  await gateways.up(["cli", "phone"]);
}, 600_000);
afterAll(() => gateways?.close());

describe("the Access part of a gateway for each key", { timeout: 120_000 }, () => {
  test("has every key below access", () => {
    const keys = configKeys().flatMap(({ path, schema }) => (schema.properties ? [] : path));
    const expected = keys.filter((key) => key.startsWith("access."));
    expect(Object.keys(gateways.keys).sort()).toEqual(expected.sort());
  });

  test("shows no change once it is built", async () => {
    expect(await gateways.changes()).toEqual({});
  });

  test("lets in whom the key names, and nobody else", async () => {
    const { family } = gateways;
    const ann = { email: { email: "ann@example.com" } };
    const domain = { email_domain: { domain: "example.org" } };
    const group = { group: { id: family } };
    const on = (check: string) => ({ device_posture: { integration_uid: check } });
    const totp = { allowed_authenticators: ["totp"], mfa_disabled: false };
    const wanted: Record<string, object> = {
      "access.emails[0]": { include: [ann, { email: { email: "bob@example.com" } }] },
      "access.emailDomains[0]": { include: [domain] },
      "access.groups[0]": { include: [group] },
      "access.everyone": { include: [ann, { everyone: {} }] },
      "access.require.country": { require: [{ geo: { country_code: "DE" } }] },
      "access.require.groups[0]": { include: [domain], require: [group] },
      "access.require.devicePostures[0]": { require: [on(disk)] },
      "access.require.mfa": { require: [{ auth_method: { auth_method: "mfa" } }] },
      "access.exclude.countries[0]": { exclude: [{ geo: { country_code: "FR" } }] },
      "access.exclude.groups[0]": { include: [domain], exclude: [group] },
      "access.exclude.devicePostures[0]": { exclude: [on(jailbroken)] },
      "access.mfa.authenticators[0]": { mfa_config: { ...totp, session_duration: "24h" } },
      "access.mfa.sessionDuration": { mfa_config: { ...totp, session_duration: "0m" } },
      "access.sessionDuration": { session_duration: "12h" },
    };
    for (const key of Object.keys(gateways.keys)) {
      const policy = await gateways.find("policies", `${gatewayOf(key)}-people`);
      const { decision, include, require, exclude, session_duration, mfa_config } = policy;
      expect({ decision, include, require, exclude, session_duration, mfa_config }, key).toEqual({
        decision: "allow",
        include: [ann],
        require: [],
        exclude: [],
        session_duration: "24h",
        mfa_config: undefined,
        ...wanted[key],
      });
    }
  });

  test("guards its cookies, and answers programs and other origins' pages as it should", async () => {
    const { service } = gateways;
    const policies = new Map((await gateways.list("policies")).map(({ id, name }) => [id, name]));
    for (const key of [...Object.keys(gateways.keys), "programs"]) {
      const name = gatewayOf(key);
      const app = await gateways.find("apps", name);
      const { hostname } = await gateways.target(key);
      const single = key === "access.loginMethods[0]";
      expect(app, key).toMatchObject({
        type: "self_hosted",
        domain: hostname,
        destinations: [{ type: "public", uri: hostname }],
        http_only_cookie_attribute: true,
        same_site_cookie_attribute: "lax",
        service_auth_401_redirect: true,
        options_preflight_bypass: key === "programs",
        enable_binding_cookie: key === "access.bindingCookie",
        allowed_idps: single ? [service] : [],
        auto_redirect_to_identity: single,
        session_duration: key === "access.sessionDuration" ? "12h" : "24h",
      });
      const order = (app.policies as { id: string }[]).map(({ id }) => policies.get(id));
      const programs = key === "programs" ? ["programs-service-cli", "programs-service-phone"] : [];
      expect(order, key).toEqual([`${name}-people`, ...programs]);
    }
  });

  test("gives each program a policy of Service Auth for its own token", async () => {
    for (const token of ["cli", "phone"])
      expect(await gateways.find("policies", `programs-service-${token}`)).toMatchObject({
        decision: "non_identity",
        include: [{ service_token: { token_id: expect.any(String) } }],
      });
  });
});

accessLoginsSuite(() => gateways);

describe("a change by hand in the dashboard", { timeout: 120_000 }, () => {
  type Change = Record<string, unknown> | (() => Promise<Record<string, unknown>>);
  /** A policy more, which lets everybody through without a login. */
  const withBypass = async () => {
    const { client, local } = gateways.cloudflare;
    const include = [{ everyone: {} }];
    const hole = { account_id: local.accountId, name: "hole", decision: "bypass" as const, include };
    const ids = [
      (await gateways.find("policies", "emails-people")).id,
      (await client.zeroTrust.access.policies.create(hole)).id,
    ];
    return { policies: ids.map((id, index) => ({ id, precedence: index + 1 })) };
  };
  /** One for each gateway: all are seen at once, each as one change of its own resource. */
  const byHand: [kind: "apps" | "policies", key: string, change: Change, seen: string][] = [
    ["policies", "access.emails[0]", { include: [{ everyone: {} }] }, "includes"],
    ["policies", "access.emailDomains[0]", { decision: "bypass" }, "decision"],
    ["policies", "access.groups[0]", { session_duration: "730h" }, "sessionDuration"],
    ["policies", "access.require.country", { require: [] }, "requires"],
    ["policies", "access.require.mfa", { require: [{ auth_method: { auth_method: "pwd" } }] }, "requires"],
    ["policies", "access.exclude.countries[0]", { exclude: [] }, "excludes"],
    ["policies", "access.exclude.groups[0]", { require: [{ geo: { country_code: "DE" } }] }, "requires"],
    ["policies", "access.require.groups[0]", { exclude: [{ geo: { country_code: "DE" } }] }, "excludes"],
    ["policies", "access.mfa.authenticators[0]", { mfa_config: { mfa_disabled: true } }, "mfaConfig"],
    ["apps", "access.emails[0]", withBypass, "policies"],
    ["apps", "access.exclude.countries[0]", { cors_headers: { allow_all_origins: true } }, "corsHeaders"],
    ["apps", "access.everyone", { http_only_cookie_attribute: false }, "httpOnlyCookieAttribute"],
    ["apps", "access.loginMethods[0]", { allowed_idps: [] }, "allowedIdps"],
    [
      "apps",
      "access.require.devicePostures[0]",
      { same_site_cookie_attribute: "none" },
      "sameSiteCookieAttribute",
    ],
    [
      "apps",
      "access.exclude.devicePostures[0]",
      { service_auth_401_redirect: false },
      "serviceAuth401Redirect",
    ],
    ["apps", "access.mfa.sessionDuration", { mfa_config: { mfa_disabled: true } }, "mfaConfig"],
    ["apps", "access.sessionDuration", { session_duration: "720h" }, "sessionDuration"],
    ["apps", "access.bindingCookie", { enable_binding_cookie: false }, "enableBindingCookie"],
    ["apps", "access.cookie", { allow_authenticate_via_warp: true }, "allowAuthenticateViaWarp"],
    ["apps", "programs", { options_preflight_bypass: false }, "optionsPreflightBypass"],
  ];

  test("shows as exactly that one change, of what the config says and of what it leaves out", async () => {
    for (const [kind, key, change] of byHand) {
      const name = kind === "apps" ? gatewayOf(key) : `${gatewayOf(key)}-people`;
      await gateways.changeByHand(kind, name, typeof change === "function" ? await change() : change);
    }
    const expected = byHand.map(([kind, key, , seen]) => {
      const resource = kind === "apps" ? `${gatewayOf(key)}-application` : `${gatewayOf(key)}-people`;
      return [resource, [seen]];
    });
    expect(await gateways.changes()).toEqual(Object.fromEntries(expected));
  });

  test("is taken back by the next up; a token then goes with its policy, and no other's is touched", async () => {
    const { delete: gone, update } = await gateways.up(["phone"]);
    // The application of the token is among what was changed by hand.
    expect([gone, update]).toEqual([2, byHand.length]);
    expect(await gateways.changes()).toEqual({});
  });
});
