import { expect, it } from "vitest";
import { areQuotas, areRoles } from "./variables.ts";

const none = { people: {}, services: {}, agents: {} };
const parsed = (text: string): unknown => JSON.parse(text);

it.each([
  none,
  { ...none, others: "guest" },
  { ...none, others: "member" },
  {
    people: { "ada@example.com": "owner", "@example.com": "guest" },
    services: { "0123.access": { name: "cli", role: "member" } },
    agents: { guest: ["web", "main"] },
  },
])("roles such as %j are taken", (roles) => {
  expect(areRoles(roles)).toBe(true);
});

it.each<[string, unknown]>([
  ["null", null],
  ["a list", []],
  ["a text", "{}"],
  ["a part that is missing", { people: {}, services: {} }],
  ["something else besides", { ...none, admins: {} }],
  ["a prototype besides", parsed('{"people":{},"services":{},"agents":{},"__proto__":{}}')],
  ["owners whom nobody names", { ...none, others: "owner" }],
  ["others of no role", { ...none, others: "admin" }],
  ["people as a list", { ...none, people: ["ada@example.com"] }],
  ["a role that there is not", { ...none, people: { "ada@example.com": "admin" } }],
  ["a role that every object has", { ...none, people: { "ada@example.com": "constructor" } }],
  ["a list of roles", { ...none, people: { "ada@example.com": ["owner"] } }],
  ["an address in capitals, which no sign-in meets", { ...none, people: { "Ada@example.com": "owner" } }],
  ["a person without an address", { ...none, people: { ada: "owner" } }],
  ["everyone", { ...none, people: { "*": "guest" } }],
  ["every domain", { ...none, people: { "@": "guest" } }],
  ["a prototype among the people", { ...none, people: parsed('{"__proto__":"owner"}') }],
  ["a space in an address", { ...none, people: { "ada @example.com": "owner" } }],
  ["two @", { ...none, people: { "a@b@example.com": "owner" } }],
  ["a service without a name", { ...none, services: { "0123.access": { role: "member" } } }],
  ["a service with an empty name", { ...none, services: { "0123.access": { name: "", role: "member" } } }],
  ["a service without an id", { ...none, services: { "": { name: "cli", role: "member" } } }],
  ["a service with more", { ...none, services: { a: { name: "cli", role: "member", scope: "all" } } }],
  ["a service that is a text", { ...none, services: { a: "member" } }],
  ["agents of no role", { ...none, agents: { everyone: ["web"] } }],
  ["no agents at all", { ...none, agents: { guest: [] } }],
  ["an agent without a name", { ...none, agents: { guest: [""] } }],
])("no roles: %s", (_name, roles) => {
  expect(areRoles(roles)).toBe(false);
});

it.each([
  {},
  { guest: {} },
  { guest: { requestsPerDay: 200, tokensPerDay: 1, concurrentRuns: 2, maxTokens: 9 } },
])("quotas such as %j are taken", (quotas) => {
  expect(areQuotas(quotas)).toBe(true);
});

it.each<[string, unknown]>([
  ["null", null],
  ["a list", []],
  ["a role that there is not", { everyone: {} }],
  ["a cap that there is not", { guest: { requestsPerHour: 1 } }],
  ["a cap in capitals", { guest: { RequestsPerDay: 1 } }],
  ["nought, which would be no cap", { guest: { requestsPerDay: 0 } }],
  ["less than nought", { guest: { requestsPerDay: -1 } }],
  ["a part", { guest: { requestsPerDay: 1.5 } }],
  ["a text", { guest: { requestsPerDay: "200" } }],
  ["a quota that is a number", { guest: 200 }],
])("no quotas: %s", (_name, quotas) => {
  expect(areQuotas(quotas)).toBe(false);
});
