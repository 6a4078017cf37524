import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { auditOf } from "../testing/log.ts";

const ROLES = {
  people: {
    "ada@example.com": "owner",
    "mike@example.com": "owner",
    "lou@guests.example": "member",
    "@guests.example": "guest",
    "__proto__@example.com": "guest",
  },
  services: { "0123.access": { name: "cli", role: "member" } },
  agents: {},
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { ROLES: JSON.stringify(ROLES) } });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const ask = async (email: string) =>
  gateway.fetch("/v1/models", { token: await gateway.team.person({ email }) });

describe("a person's role", () => {
  it.each([
    ["by address", "ada@example.com", "owner"],
    ["by address in another case", "ADA@Example.COM", "owner"],
    ["by domain", "anyone@guests.example", "guest"],
    ["by address, before the domain", "lou@guests.example", "member"],
    ["by an address that looks odd", "__proto__@example.com", "guest"],
  ])("comes %s", async (_name, email, role) => {
    const answer = await ask(email);
    expect(answer.status).toBe(200);
    const subject = `person:${email.toLowerCase()}`;
    expect(await auditOf(gateway, answer)).toMatchObject({ subject, role });
  });

  it.each([
    ["an address that nobody has named", "eve@example.com"],
    ["a subdomain", "eve@sub.guests.example"],
    ["a domain that only ends alike", "eve@notguests.example"],
    ["a domain with a dot after it", "eve@guests.example."],
    ["two @", "eve@guests.example@evil.example"],
    ["two @, the good domain last", "eve@evil.example@guests.example"],
    ["a quoted @", '"eve@evil.example"@guests.example'],
    ["the domain alone", "@guests.example"],
    ["no @", "ada"],
    ["the name of what every object has", "__proto__"],
    ["the name of what every object has, as a domain", "eve@constructor"],
    ["toString", "toString"],
    ["a Kelvin sign, whose lower case is k", "mi\u212ae@example.com"],
    ["a letter that looks alike", "\u0430da@example.com"],
    ["a wide letter", "\uff41da@example.com"],
    ["a letter that cannot be seen", "ada\u200b@example.com"],
    ["a space around it", " ada@example.com "],
    ["a line end", "ada@example.com\n"],
    ["another line", "eve\n@guests.example"],
    ["more than an address can have", `${"x".repeat(255)}@guests.example`],
  ])("is not given to %s", async (_name, email) => {
    const answer = await ask(email);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: "ROLE_MISSING" } });
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});

describe("a service", () => {
  it("is never a person, nor a person a service", async () => {
    const answers = [
      await gateway.fetch("/v1/models", {
        token: await gateway.team.service({ common_name: "ada@example.com" }),
      }),
      await gateway.fetch("/v1/models", { token: await gateway.team.person({ email: "0123.access" }) }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 403]);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });

  it("has a name of its own in the log", async () => {
    const answer = await gateway.fetch("/v1/models", { token: await gateway.team.service() });
    expect(await auditOf(gateway, answer)).toMatchObject({ subject: "service:cli", role: "member" });
  });
});

describe("a person whom a group of Access lets in", () => {
  let open: TestGateway;
  beforeAll(async () => {
    open = await startGateway({ bindings: { ROLES: JSON.stringify({ ...ROLES, others: "guest" }) } });
  });
  afterAll(() => open?.close());

  it.each([
    ["eve@example.com", 200, "guest"],
    ["ada@example.com", 200, "owner"],
  ])("is what ROLES says of others, unless it names them: %s", async (email, status, role) => {
    const answer = await open.fetch("/v1/models", { token: await open.team.person({ email }) });
    expect(answer.status).toBe(status);
    expect(await auditOf(open, answer)).toMatchObject({ role });
  });

  it("is refused still with an address that cannot be told from others", async () => {
    const token = await open.team.person({ email: "eve@a.example@evil.example" });
    expect((await open.fetch("/v1/models", { token })).status).toBe(403);
  });
});
