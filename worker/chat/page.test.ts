import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../testing/gateway.ts";

const PEOPLE = { owner: "ada@example.com", member: "mel@example.com", guest: "gus@guests.example" } as const;

describe.each([
  ["token", {}, ["owner"]],
  ["access", { SIGN_IN: "access", OPENCLAW_GATEWAY_TOKEN: undefined }, ["owner", "member"]],
] as const)("in %s mode, the chat page", (_mode, bindings, roles) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ bindings });
  });
  afterAll(() => gateway?.close());

  it.each(["owner", "member", "guest"] as const)(
    "shows the way to OpenClaw's own page to whom it opens: %s",
    async (role) => {
      const token = await gateway.team.person({ email: PEOPLE[role] });
      const text = await (await gateway.fetch("/chat.html", { token })).text();
      expect(text).toContain(`content="person:${PEOPLE[role]}"`);
      expect(text).not.toMatch(/%[A-Z]+%/);
      const shown = text.includes(`href="/">OpenClaw's own page</a>`);
      expect(shown).toBe((roles as readonly string[]).includes(role));
      // The page itself says the same.
      const { status } = await gateway.fetch("/", { token });
      expect(status).toBe(shown ? 200 : 403);
    },
  );
});
