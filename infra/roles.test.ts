import { expect, test } from "vitest";
import { ConfigError, checkConfig } from "./config.ts";
import { EVERYONE } from "./config-access.ts";
import { agentsOfRoles, peopleWithRoles, roleOfOthers } from "./roles.ts";

const required = {
  accountId: "0".repeat(32),
  pi: { host: "192.168.1.20", hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}` },
};
const everyone = { emails: ["ann@example.com", "Bob@example.com"], emailDomains: ["example.org"] };

const peopleOf = (roles: object, access: object = everyone) =>
  peopleWithRoles(checkConfig("dev", { ...required, access, roles }));

/** Key, words and mend of the problems of these roles. */
function problemsOf(roles: object) {
  try {
    peopleOf(roles);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ key, got, mend }) => [key.replace("openclaw-gateway:", ""), got, mend]);
  }
}

test("where nobody is named, those with an address of their own are owners, and a domain's people guests", () => {
  for (const roles of [{}, { agents: { guest: ["web"] } }])
    expect(peopleOf(roles)).toEqual({
      "ann@example.com": "owner",
      "bob@example.com": "owner",
      "@example.org": "guest",
    });
});

test("roles are given to addresses and domains, in lower case", () => {
  expect(peopleOf({ owners: ["ANN@example.com"], members: ["@Example.com", "@example.org"] })).toEqual({
    "ann@example.com": "owner",
    "@example.com": "member",
    "@example.org": "member",
  });
});

test("who may log in and has no role is named, each with a line of its own that mends it", () => {
  expect(problemsOf({ owners: ["ann@example.com"] })).toEqual([
    [
      "access.emails[1]",
      '"bob@example.com" may log in and has no role',
      "npx pulumi config set --path 'openclaw-gateway:roles.members[0]' 'bob@example.com'",
    ],
    [
      "access.emailDomains[0]",
      '"@example.org" may log in and has no role',
      "npx pulumi config set --path 'openclaw-gateway:roles.members[1]' '@example.org'",
    ],
  ]);
});

test("a person with two roles is refused", () => {
  expect(problemsOf({ owners: ["@example.com"], guests: ["@example.org", "@EXAMPLE.com"] })).toEqual([
    [
      "roles.guests[1]",
      '"@example.com" stands in roles.owners[0] too',
      "npx pulumi config rm --path 'openclaw-gateway:roles.guests[1]'",
    ],
  ]);
});

test("a role for somebody who may not log in is refused", () => {
  const owners = ["@example.com", "@example.org", "eve@example.net", "@example.net"];
  expect(problemsOf({ owners }).map(([, got, mend]) => [got, mend])).toEqual([
    [
      '"eve@example.net" has a role and may not log in',
      "npx pulumi config set --path 'openclaw-gateway:access.emails[2]' 'eve@example.net'",
    ],
    [
      '"@example.net" has a role and may not log in',
      "npx pulumi config set --path 'openclaw-gateway:access.emailDomains[1]' 'example.net'",
    ],
  ]);
});

test("one person of a domain that may log in may have another role than the rest", () => {
  expect(problemsOf({ owners: ["@example.com", "eve@example.org"], guests: ["@example.org"] })).toEqual([]);
});

const group = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415";
const problemsWith = (access: object, roles: object) => {
  try {
    checkConfig("dev", { ...required, access, roles });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ key }) => key);
  }
};

test.each([
  ["a group and no role for its people", { groups: [group] }, {}, ["openclaw-gateway:roles.others"]],
  ["a role for others and no group", everyone, { others: "guest" }, ["openclaw-gateway:roles.others"]],
  ["others as owners", { groups: [group] }, { others: "owner" }, ["openclaw-gateway:roles.others"]],
  ["a group and what its people are", { groups: [group] }, { others: "guest" }, []],
  [
    "a role for one who may be in the group",
    { groups: [group] },
    { owners: ["a@b.example"], others: "guest" },
    [],
  ],
  ["nobody at all", {}, {}, ["openclaw-gateway:access.emails[0]"]],
  ["everyone, as guests", { everyone: EVERYONE }, {}, []],
  ["everyone, and a group", { everyone: EVERYONE, groups: [group] }, {}, []],
  ["everyone, said twice", { everyone: EVERYONE }, { others: "guest" }, []],
  ["everyone as members", { everyone: EVERYONE }, { others: "member" }, ["openclaw-gateway:roles.others"]],
  ["an owner, who comes in as everyone does", { everyone: EVERYONE }, { owners: ["a@b.example"] }, []],
])("whom a group or the sentence for everyone lets in has a role: %s", (_name, access, roles, keys) => {
  expect(problemsWith(access, roles)).toEqual(keys);
});

test.each([
  [{}, { others: "member" }, "member"],
  [{ everyone: EVERYONE }, {}, "guest"],
] as const)("what those are whom no role names: %j %j", (more, roles, role) => {
  const access = { groups: [group], ...more };
  expect(roleOfOthers(checkConfig("dev", { ...required, access, roles }))).toBe(role);
});

test("guests talk to OpenClaw's default agent, and with an agent of the gateway's own everybody to that", () => {
  const agentsOf = (more: object) =>
    agentsOfRoles(checkConfig("dev", { ...required, access: everyone, ...more }));
  expect(agentsOf({})).toEqual({ guest: ["default"] });
  const webAgent = { enabled: true };
  expect(agentsOf({ webAgent })).toEqual({ owner: ["web"], member: ["web"], guest: ["web"] });
  expect(agentsOf({ webAgent, roles: { agents: { member: ["main"] } } })).toEqual({
    owner: ["web"],
    member: ["main"],
    guest: ["web"],
  });
});
