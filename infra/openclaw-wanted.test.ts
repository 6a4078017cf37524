import { describe, expect, test } from "vitest";
import { checkConfig } from "./config.ts";
import { openclawWanted } from "./openclaw-wanted.ts";

const hostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const origin = "https://claw.example.com";

/** What a config with these keys besides wants of OpenClaw. */
const wanted = (more: Record<string, unknown> = {}) =>
  openclawWanted(
    checkConfig("dev", {
      accountId: "0".repeat(32),
      pi: { host: "192.168.1.20", hostKey },
      access: { emails: ["Owner@example.com", "kid@example.com"] },
      ...more,
    }),
    origin,
  );

describe("what a stack wants of OpenClaw", () => {
  test("with the token as the sign-in is no more than the way in", () => {
    expect(wanted()).toEqual({ origin, endpoints: [] });
  });

  test("opens the endpoints that the config opens and OpenClaw has a switch for", () => {
    expect(wanted({ api: { responses: true, embeddings: true } }).endpoints).toEqual(["responses"]);
    expect(wanted({ api: { embeddings: true } }).endpoints).toEqual([]);
  });

  test("with the identity as the sign-in names people and programs, and gives owners alone the administration", () => {
    const { access } = wanted({
      signIn: "access",
      roles: { owners: ["Owner@example.com"], members: ["kid@example.com"] },
      serviceTokens: [{ name: "cli" }, { name: "backup", role: "owner" }],
    });
    expect(access?.trustedProxy).toMatchObject({
      userHeader: "x-gateway-user",
      requiredHeaders: ["x-gateway-stack"],
      allowUsers: ["owner@example.com", "kid@example.com", "service:cli", "service:backup"],
    });
    expect(access?.identityScopes).toEqual({
      "owner@example.com": ["operator.admin"],
      "service:backup": ["operator.admin"],
    });
  });

  test("leaves the list of people empty where a whole domain may come, and gives none of it the administration", () => {
    const { access } = wanted({
      signIn: "access",
      access: { emails: ["owner@example.com"], emailDomains: ["example.org"] },
      roles: { owners: ["owner@example.com", "@example.org"] },
    });
    expect(access?.trustedProxy.allowUsers).toEqual([]);
    expect(Object.keys(access?.identityScopes ?? {})).toEqual(["owner@example.com"]);
  });

  test.each([
    { groups: ["f174e90a-fafe-4643-bbbc-4a0ed4fc8415"] },
    { everyone: "anyone on the internet may sign in as a guest" },
  ])("leaves it empty where people come whom the config does not name: %j", (more) => {
    const roles = "groups" in more ? { owners: ["owner@example.com"], others: "member" } : {};
    const { access } = wanted({
      signIn: "access",
      access: { emails: ["owner@example.com"], ...more },
      roles,
    });
    expect(access?.trustedProxy.allowUsers).toEqual([]);
    expect(Object.keys(access?.identityScopes ?? {})).toEqual(["owner@example.com"]);
  });

  test("gives the gateway's own agent what is listed, and denies the rest whatever is listed", () => {
    const { webAgent } = wanted({ webAgent: { enabled: true, name: "door", tools: ["tts"] } });
    expect(webAgent?.id).toBe("door");
    expect(webAgent?.entry).toMatchObject({
      tools: {
        profile: "minimal",
        allow: ["tts"],
        deny: expect.arrayContaining(["group:runtime", "group:fs", "group:web", "gateway", "openclaw"]),
        exec: { mode: "deny" },
      },
    });
  });
});
