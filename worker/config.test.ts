import { describe, expect, it } from "vitest";
import { ConfigError, type Env, openGateway } from "./config.ts";
import { startGateway } from "./testing/gateway.ts";

const good: Env = {
  TEAM_DOMAIN: "https://team.cloudflareaccess.com",
  POLICY_AUD: "a".repeat(64),
  OPENCLAW_GATEWAY_TOKEN: "token",
  VPC_SERVICE: { fetch: () => undefined } as unknown as Fetcher,
};
const problemsOf = (env: Env) => (openGateway(env) as ConfigError).problems ?? [];

describe("an environment", () => {
  it("that is complete makes a gateway", () => {
    expect(openGateway(good)).toMatchObject({ teamDomain: "https://team.cloudflareaccess.com" });
    expect(openGateway({ ...good, TEAM_DOMAIN: "https://team.cloudflareaccess.com/" })).toMatchObject({
      teamDomain: "https://team.cloudflareaccess.com",
    });
  });

  it("with nothing in it has all its problems listed", () => {
    expect(problemsOf({}).map((problem) => problem.split(" ")[0])).toEqual([
      "TEAM_DOMAIN",
      "POLICY_AUD",
      "OPENCLAW_GATEWAY_TOKEN",
      "VPC_SERVICE",
    ]);
  });

  it.each<[string, Partial<Env>]>([
    ["a team without a scheme", { TEAM_DOMAIN: "team.cloudflareaccess.com" }],
    ["a team over http", { TEAM_DOMAIN: "http://team.cloudflareaccess.com" }],
    ["a team with a path", { TEAM_DOMAIN: "https://team.cloudflareaccess.com/x" }],
    ["an empty audience", { POLICY_AUD: "" }],
    ["an audience with a space", { POLICY_AUD: "a b" }],
    ["a token that breaks a header", { OPENCLAW_GATEWAY_TOKEN: "a\r\nb" }],
    ["a VPC service that is a text", { VPC_SERVICE: "x" as unknown as Fetcher }],
  ])("with %s is refused, without saying the value", (_name, change) => {
    const env = { ...good, ...change };
    expect(openGateway(env)).toBeInstanceOf(ConfigError);
    expect(problemsOf(env)).toHaveLength(1);
  });
});

describe("a Worker with an incomplete environment", () => {
  it.each([
    ["TEAM_DOMAIN", { bindings: { TEAM_DOMAIN: undefined } }],
    ["POLICY_AUD", { bindings: { POLICY_AUD: undefined } }],
    ["OPENCLAW_GATEWAY_TOKEN", { bindings: { OPENCLAW_GATEWAY_TOKEN: undefined } }],
    ["VPC_SERVICE", { withoutVpcService: true }],
  ])("(no %s) answers 503 to everything", async (_name, options) => {
    const gateway = await startGateway(options);
    try {
      for (const path of ["/", "/health", "/v1/models", "/chat.html", "/nowhere", "/a%2fb", "/?token=x"]) {
        const answer = await gateway.fetch(path);
        expect([path, answer.status]).toEqual([path, 503]);
        expect(await answer.json()).toMatchObject({ error: { code: "GATEWAY_MISCONFIGURED" } });
      }
      expect(gateway.openclaw.requests).toHaveLength(0);
    } finally {
      await gateway.close();
    }
  });
});
