import { expect, it } from "vitest";
import type { AccessPolicy, Rule, ServiceToken } from "../account.ts";
import { createAccount } from "../new-account.ts";
import { decidingPolicy, holdsWhereItIs, type Identity, matchesRules, type Person } from "./rules.ts";

const account = createAccount();
const ann: Person = { email: "Ann@Example.com", country: "DE", ip: "203.0.113.7", loginMethod: "code" };
const rules = (include: Rule[], require: Rule[] = [], exclude: Rule[] = []) => ({
  include,
  require,
  exclude,
});
const everyone = { everyone: {} };
const annsDomain = { email_domain: { domain: "example.com" } };
const times = { createdAt: "", updatedAt: "" };
const token = { id: "t", clientId: "t.access" } as ServiceToken;

const matches = (set: ReturnType<typeof rules>, identity: Identity = { person: ann }) =>
  matchesRules(account, set, identity);

it("wants one of include, all of require and none of exclude", () => {
  const other = { email: { email: "bob@example.com" } };
  expect(matches(rules([other, annsDomain]))).toBe(true);
  expect(matches(rules([other]))).toBe(false);
  expect(matches(rules([annsDomain], [{ geo: { country_code: "DE" } }]))).toBe(true);
  expect(matches(rules([annsDomain], [{ geo: { country_code: "DE" } }, other]))).toBe(false);
  expect(matches(rules([everyone], [], [{ email: { email: "ann@example.com" } }]))).toBe(false);
});

it.each<[Rule, boolean]>([
  [{ email: { email: "ann@example.com" } }, true],
  [{ email: { email: "ann@example.org" } }, false],
  [{ email_domain: { domain: "example.com" } }, true],
  [{ email_domain: { domain: "ample.com" } }, false],
  [{ email_domain: { domain: "sub.example.com" } }, false],
  [{ geo: { country_code: "de" } }, true],
  [{ geo: { country_code: "FR" } }, false],
  [{ ip: { ip: "203.0.113.0/24" } }, true],
  [{ ip: { ip: "203.0.113.8" } }, false],
  [{ ip: { ip: "2001:db8::/32" } }, false],
  [{ login_method: { id: "code" } }, true],
  [{ login_method: { id: "other" } }, false],
  [{ device_posture: { integration_uid: "disk" } }, false],
  [{ auth_method: { auth_method: "mfa" } }, false],
  [{ everyone: {} }, true],
  [{ any_valid_service_token: {} }, false],
  [{ service_token: { token_id: "t" } }, false],
])("%j holds for a person: %s", (rule, holds) => {
  expect(matches(rules([rule]))).toBe(holds);
});

it("asks for a device's posture and a second factor", () => {
  const mfa = { auth_method: { auth_method: "mfa" } };
  const disk = { device_posture: { integration_uid: "disk" } };
  const asked = rules([annsDomain], [mfa, disk]);
  expect(matches(asked, { person: { ...ann, authMethods: ["mfa"] } })).toBe(false);
  expect(matches(asked, { person: { ...ann, authMethods: ["pwd"], devicePostures: ["disk"] } })).toBe(false);
  expect(matches(asked, { person: { ...ann, authMethods: ["mfa"], devicePostures: ["disk"] } })).toBe(true);
});

it("takes a machine by its token, by any token, and as everyone, and never as a person", () => {
  const machine = (rule: Rule) => matches(rules([rule]), { token });
  expect(machine({ service_token: { token_id: "t" } })).toBe(true);
  expect(machine({ service_token: { token_id: "u" } })).toBe(false);
  expect(machine({ any_valid_service_token: {} })).toBe(true);
  expect(machine(everyone)).toBe(true);
  expect(machine({ geo: { country_code: "DE" } })).toBe(false);
  expect(machine(annsDomain)).toBe(false);
});

it("follows groups within groups, and takes a missing one for no one", () => {
  account.groups.put({ id: "family", name: "family", rules: rules([annsDomain]), ...times });
  const nested = rules([{ group: { id: "family" } }], [{ geo: { country_code: "DE" } }]);
  account.groups.put({ id: "home", name: "home", rules: nested, ...times });
  expect(matches(rules([{ group: { id: "home" } }]))).toBe(true);
  expect(matches(rules([{ group: { id: "home" } }]), { person: { ...ann, country: "FR" } })).toBe(false);
  expect(matches(rules([{ group: { id: "none" } }]))).toBe(false);
});

/** An application with these policies in their order. */
function appWith(...policies: [AccessPolicy["decision"], ReturnType<typeof rules>][]) {
  const policyIds = policies.map(([decision, set], index) => {
    const id = `${decision}-${index}`;
    return account.policies.put({ id, name: id, decision, rules: set, sent: {}, ...times }).id;
  });
  return account.apps.put({ id: "app", name: "app", aud: "", uris: [], policyIds, sent: {}, ...times });
}

it("asks Bypass and Service Auth first, then Allow and Block in their order", () => {
  const all = ["allow", "deny", "bypass", "non_identity"] as const;
  const decide = (app: ReturnType<typeof appWith>, identity: Identity) =>
    decidingPolicy(account, app, identity, all)?.decision;
  const person = { person: ann };
  expect(decide(appWith(["deny", rules([annsDomain])], ["allow", rules([everyone])]), person)).toBe("deny");
  expect(decide(appWith(["allow", rules([everyone])], ["deny", rules([annsDomain])]), person)).toBe("allow");
  expect(decide(appWith(["deny", rules([everyone])], ["bypass", rules([everyone])]), person)).toBe("bypass");
  const machines = rules([{ any_valid_service_token: {} }]);
  expect(decide(appWith(["deny", rules([everyone])], ["non_identity", machines]), { token })).toBe(
    "non_identity",
  );
  expect(decide(appWith(["non_identity", machines]), person)).toBeUndefined();
  expect(decide(appWith(), person)).toBeUndefined();
});

it("looks at countries and addresses again on each request, and at who someone is at login alone", () => {
  const abroad = { ...ann, country: "FR" };
  const german = { geo: { country_code: "DE" } };
  const holds = (set: ReturnType<typeof rules>, person: Person) =>
    holdsWhereItIs(account, appWith(["allow", set]), person);
  expect(holds(rules([annsDomain], [german]), ann)).toBe(true);
  expect(holds(rules([annsDomain], [german]), abroad)).toBe(false);
  expect(holds(rules([annsDomain], [], [{ geo: { country_code: "FR" } }]), abroad)).toBe(false);
  expect(holds(rules([german]), abroad)).toBe(false);
  expect(holds(rules([{ email: { email: "bob@example.com" } }]), ann)).toBe(true);
});

it("looks at a device on each request as well, and into groups for where someone is", () => {
  const disk = { device_posture: { integration_uid: "disk" } };
  const encrypted = { ...ann, devicePostures: ["disk"] };
  const holds = (set: ReturnType<typeof rules>, person: Person) =>
    holdsWhereItIs(account, appWith(["allow", set]), person);
  expect(holds(rules([annsDomain], [disk]), encrypted)).toBe(true);
  expect(holds(rules([annsDomain], [disk]), ann)).toBe(false);
  expect(holds(rules([annsDomain], [], [disk]), encrypted)).toBe(false);
  const nearby = [{ geo: { country_code: "DE" } }, { geo: { country_code: "AT" } }];
  account.groups.put({ id: "nearby", name: "nearby", rules: rules(nearby), ...times });
  const group = { group: { id: "nearby" } };
  for (const [country, isNear] of [
    ["DE", true],
    ["AT", true],
    ["FR", false],
  ] as const) {
    expect(holds(rules([annsDomain], [group]), { ...ann, country })).toBe(isNear);
    expect(holds(rules([annsDomain], [], [group]), { ...ann, country })).toBe(!isNear);
  }
  account.groups.put({
    id: "bobs",
    name: "bobs",
    rules: rules([{ email: { email: "b@b.example" } }]),
    ...times,
  });
  const bobs = { group: { id: "bobs" } };
  expect(holds(rules([annsDomain], [bobs], [bobs]), ann)).toBe(true);
});
