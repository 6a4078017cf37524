import { expect, test } from "vitest";
import { EVERYONE } from "./config-access.ts";
import { goodConfig as good, problemsOf } from "./testing/config-problems.ts";

const problemsWith = (access: object) => problemsOf({ ...good, access });

test("wants somebody who may log in, and tells both ways", () => {
  for (const access of [{}, { emails: [] }, { require: { country: "DE" } }]) {
    const problems = problemsWith(access);
    expect([...problems.keys()]).toEqual(["openclaw-gateway:access.emails[0]"]);
    const { wanted } = [...problems.values()][0] ?? {};
    expect(wanted).toContain("at least one person who may log in");
    expect(wanted).toContain(`access.everyone '${EVERYONE}'`);
  }
  expect(problemsWith({ emailDomains: ["example.com"] }).size).toBe(0);
  expect(problemsWith({ everyone: EVERYONE }).size).toBe(0);
});

test.each([
  true,
  "true",
  "everyone",
  "",
  EVERYONE.toUpperCase(),
  `${EVERYONE}.`,
  `${EVERYONE} `,
  EVERYONE.replace("guest", "member"),
])("lets everyone in by the whole sentence alone, and says which one: not by %j", (everyone) => {
  const problem = problemsWith({ emails: ["ann@example.com"], everyone }).get(
    "openclaw-gateway:access.everyone",
  );
  expect(problem?.wanted).toContain(`"${EVERYONE}"`);
});

test.each([
  [{ authenticators: ["totp", "biometrics", "security_key"] }, []],
  [{ authenticators: ["totp"], sessionDuration: "0m" }, []],
  [{ sessionDuration: "720h" }, []],
  [{ authenticators: ["sms"] }, ["mfa.authenticators[0]"]],
  [{ authenticators: ["ssh_fido2_key"] }, ["mfa.authenticators[0]"]],
  [{ sessionDuration: "721h" }, ["mfa.sessionDuration"]],
  [{ sessionDuration: "43201m" }, ["mfa.sessionDuration"]],
  [{ sessionDuration: "30s" }, ["mfa.sessionDuration"]],
  [{ sessionDuration: "1h30m" }, ["mfa.sessionDuration"]],
])("takes as a second factor of Access's own what Access takes: %j", (mfa, keys) => {
  const problems = problemsWith({ emails: ["ann@example.com"], mfa });
  expect([...problems.keys()]).toEqual(keys.map((key) => `openclaw-gateway:access.${key}`));
});

test.each([
  ["24h", true],
  ["1h30m", true],
  ["1m", true],
  ["60s", true],
  ["730h", true],
  ["729h60m", true],
  ["0s", false],
  ["59s", false],
  ["730h1s", false],
  ["8760h", false],
  ["30d", false],
  ["", false],
])("a login may last %s: %s", (sessionDuration, isTaken) => {
  const problems = problemsWith({ emails: ["ann@example.com"], sessionDuration });
  expect([...problems.keys()]).toEqual(isTaken ? [] : ["openclaw-gateway:access.sessionDuration"]);
});

test.each([
  "gmail.com",
  "outlook.com",
  "hotmail.co.uk",
  "yahoo.co.jp",
  "gmx.de",
  "web.de",
  "proton.me",
  "qq.com",
])("all of %s is everyone, and is asked for in so many words or not at all", (domain) => {
  const { wanted } =
    problemsWith({ emailDomains: ["example.com", domain] }).get("openclaw-gateway:access.emailDomains[1]") ??
    {};
  expect(wanted).toContain(`access.everyone '${EVERYONE}'`);
});

test("takes a domain that only looks like one of public mail", () => {
  const emailDomains = ["notgmail.com", "gmail.example.com", "my-outlook.com", "mail.example.com"];
  expect([...problemsWith({ emailDomains }).keys()]).toEqual([]);
});
