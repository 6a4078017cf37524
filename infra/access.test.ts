import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configKeys } from "../cli/docs/config-reference.ts";
import { accessLoginsSuite } from "./access-logins.suite.ts";
import { type AccessGateways, disk, jailbroken, openAccessGateways } from "./testing/access-gateways.ts";

let opened: AccessGateways;

beforeAll(async () => {
  opened = await openAccessGateways(200);
  await opened.up(["cli", "phone"]);
}, 600_000);
afterAll(() => opened?.close());

describe("the Access part of gateways", { timeout: 120_000 }, () => {
  test("tries every key below access", () => {
    const keys = configKeys().flatMap(({ path, schema }) => (schema.properties ? [] : path));
    const expected = keys.filter((key) => key.startsWith("access."));
    const tried = Object.values(opened.gateways).flatMap(({ keys }) => keys.map((key) => `access.${key}`));
    expect(tried.sort()).toEqual(expected.sort());
  });

  test("shows no change once it is built", async () => {
    expect(await opened.changes()).toEqual({});
  });

  test("lets in whom the config names, and nobody else", async () => {
    const ann = { email: { email: "ann@example.com" } };
    const both = [ann, { email: { email: "carol@example.org" } }];
    const group = { group: { id: opened.family } };
    const on = (check: string) => ({ device_posture: { integration_uid: check } });
    const totp = { allowed_authenticators: ["totp"], mfa_disabled: false };
    const wanted: Record<string, object> = {
      people: { include: [ann, { email_domain: { domain: "example.com" } }, group] },
      house: { include: [{ login_method: { id: opened.service } }] },
      everyone: { include: [ann, { everyone: {} }] },
      country: { require: [{ geo: { country_code: "DE" } }] },
      abroad: { exclude: [{ geo: { country_code: "FR" } }] },
      group: { include: both, require: [group] },
      outside: { include: both, exclude: [group] },
      device: { require: [on(disk)] },
      clean: { exclude: [on(jailbroken)] },
      told: { require: [{ auth_method: { auth_method: "mfa" } }] },
      factor: { mfa_config: { ...totp, session_duration: "24h" } },
      each: { mfa_config: { ...totp, session_duration: "0m" } },
      session: { session_duration: "12h" },
    };
    for (const name of Object.keys(opened.gateways)) {
      const policy = await opened.find("policies", `${name}-people`);
      const { decision, include, require, exclude, session_duration, mfa_config } = policy;
      expect({ decision, include, require, exclude, session_duration, mfa_config }, name).toEqual({
        decision: "allow",
        include: [ann],
        require: [],
        exclude: [],
        session_duration: "24h",
        mfa_config: undefined,
        ...wanted[name],
      });
    }
  });

  test("guards its cookies, and answers programs and other origins' pages as it should", async () => {
    const policies = new Map((await opened.list("policies")).map(({ id, name }) => [id, name]));
    for (const name of Object.keys(opened.gateways)) {
      const app = await opened.find("apps", name);
      const { hostname } = await opened.target(name);
      const isSession = name === "session";
      expect(app, name).toMatchObject({
        type: "self_hosted",
        domain: hostname,
        destinations: [{ type: "public", uri: hostname }],
        http_only_cookie_attribute: true,
        same_site_cookie_attribute: "lax",
        service_auth_401_redirect: true,
        options_preflight_bypass: name === "programs",
        enable_binding_cookie: isSession,
        allowed_idps: isSession ? [opened.service] : [],
        auto_redirect_to_identity: isSession,
        session_duration: isSession ? "12h" : "24h",
      });
      const order = (app.policies as { id: string }[]).map(({ id }) => policies.get(id));
      const programs = name === "programs" ? ["programs-service-cli", "programs-service-phone"] : [];
      expect(order, name).toEqual([`${name}-people`, ...programs]);
    }
  });

  test("gives each program a policy of Service Auth for its own token", async () => {
    for (const token of ["cli", "phone"])
      expect(await opened.find("policies", `programs-service-${token}`)).toMatchObject({
        decision: "non_identity",
        include: [{ service_token: { token_id: expect.any(String) } }],
      });
  });
});

accessLoginsSuite(() => opened);

describe("a change by hand in the dashboard", { timeout: 120_000 }, () => {
  type Change = Record<string, unknown> | (() => Promise<Record<string, unknown>>);
  /** A policy more, which lets everybody through without a login. */
  const withBypass = async () => {
    const { client, local } = opened.cloudflare;
    const include = [{ everyone: {} }];
    const hole = { account_id: local.accountId, name: "hole", decision: "bypass" as const, include };
    const ids = [
      (await opened.find("policies", "people-people")).id,
      (await client.zeroTrust.access.policies.create(hole)).id,
    ];
    return { policies: ids.map((id, index) => ({ id, precedence: index + 1 })) };
  };
  /** Each of another resource: all are seen at once, as one change of each. */
  const byHand: [kind: "apps" | "policies", gateway: string, change: Change, seen: string][] = [
    ["policies", "people", { include: [{ everyone: {} }] }, "includes"],
    ["policies", "everyone", { decision: "bypass" }, "decision"],
    ["policies", "session", { session_duration: "730h" }, "sessionDuration"],
    ["policies", "country", { require: [] }, "requires"],
    ["policies", "told", { require: [{ auth_method: { auth_method: "pwd" } }] }, "requires"],
    ["policies", "abroad", { exclude: [] }, "excludes"],
    ["policies", "outside", { require: [{ geo: { country_code: "DE" } }] }, "requires"],
    ["policies", "group", { exclude: [{ geo: { country_code: "DE" } }] }, "excludes"],
    ["policies", "factor", { mfa_config: { mfa_disabled: true } }, "mfaConfig"],
    ["apps", "people", withBypass, "policies"],
    ["apps", "abroad", { cors_headers: { allow_all_origins: true } }, "corsHeaders"],
    ["apps", "everyone", { http_only_cookie_attribute: false }, "httpOnlyCookieAttribute"],
    ["apps", "session", { allowed_idps: [] }, "allowedIdps"],
    ["apps", "device", { same_site_cookie_attribute: "none" }, "sameSiteCookieAttribute"],
    ["apps", "clean", { service_auth_401_redirect: false }, "serviceAuth401Redirect"],
    ["apps", "each", { mfa_config: { mfa_disabled: true } }, "mfaConfig"],
    ["apps", "factor", { session_duration: "720h" }, "sessionDuration"],
    ["apps", "country", { enable_binding_cookie: true }, "enableBindingCookie"],
    ["apps", "told", { allow_authenticate_via_warp: true }, "allowAuthenticateViaWarp"],
    ["apps", "programs", { options_preflight_bypass: false }, "optionsPreflightBypass"],
  ];

  test("shows as exactly that one change, of what the config says and of what it leaves out", async () => {
    for (const [kind, gateway, change] of byHand) {
      const name = kind === "apps" ? gateway : `${gateway}-people`;
      await opened.changeByHand(kind, name, typeof change === "function" ? await change() : change);
    }
    const expected = byHand.map(([kind, gateway, , seen]) => [
      `${gateway}-${kind === "apps" ? "application" : "people"}`,
      [seen],
    ]);
    expect(await opened.changes()).toEqual(Object.fromEntries(expected));
  });

  test("is taken back by the next up; a token then goes with its policy, and no other's is touched", async () => {
    const { delete: gone, update } = await opened.up(["phone"]);
    // The application of the token is among what was changed by hand.
    expect([gone, update]).toEqual([2, byHand.length]);
    expect(await opened.find("policies", "everyone-people")).toMatchObject({ decision: "allow" });
    expect(await opened.find("apps", "country")).toMatchObject({ enable_binding_cookie: false });
  });
});
