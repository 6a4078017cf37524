import { describe, expect, it } from "vitest";
import { rateLimitBinding } from "../contract/limits.ts";
import { ConfigError, type Env, type Gateway, openGateway } from "./config.ts";
import { BINDINGS } from "./testing/bindings.ts";
import { startGateway } from "./testing/gateway.ts";

const binding = (method: string) => ({ [method]: () => undefined });
const good: Env = { ...BINDINGS, VPC_SERVICE: binding("fetch"), LEDGER: binding("idFromName") };
const limited: Env = {
  ...good,
  RATE_LIMIT_ENABLED: "true",
  RATE_LIMIT_WINDOW: "60000",
  RATE_LIMIT_REQUESTS: "100",
  RATE_LIMIT_PER_USER: "50",
  RATE_LIMIT_PER_IP: "200",
  [rateLimitBinding("REQUESTS", 100, 60_000)]: binding("limit"),
  [rateLimitBinding("PER_USER", 50, 60_000)]: binding("limit"),
  [rateLimitBinding("PER_IP", 200, 60_000)]: binding("limit"),
};
const byIdentity: Env = { ...good, SIGN_IN: "access", OPENCLAW_GATEWAY_TOKEN: undefined };

const gatewayOf = (env: Env) => openGateway(env) as Gateway;
const problemsOf = (env: Env): readonly string[] => {
  const opened = openGateway(env);
  return opened instanceof ConfigError ? opened.problems : [];
};
const namesIn = (env: Env) => problemsOf(env).map((problem) => problem.split(" ")[0]);

describe("an environment that is complete", () => {
  it("makes a gateway", () => {
    expect(gatewayOf(good)).toMatchObject({
      teamDomain: "https://team.cloudflareaccess.com",
      audience: BINDINGS.POLICY_AUD,
      acceptCookie: false,
      signIn: { mode: "token", gatewayToken: BINDINGS.OPENCLAW_GATEWAY_TOKEN },
      roles: { people: { "@guests.example": "guest" }, agents: { guest: ["web"] } },
      quotas: {},
      apiKeyHashes: [],
      limits: undefined,
      endpoints: new Set(),
      maxBodyBytes: 1_048_576,
      sockets: { maxSeconds: 3600, perIdentity: 10 },
      corsOrigins: new Set(),
      forceHttps: true,
      log: { level: "info", securityEvents: true, audit: true },
    });
  });

  it("may write the team with a slash at its end", () => {
    const env = { ...good, TEAM_DOMAIN: "https://team.cloudflareaccess.com/" };
    expect(gatewayOf(env).teamDomain).toBe("https://team.cloudflareaccess.com");
  });

  it("has lists by comma, and JSON", () => {
    const { endpoints, corsOrigins, apiKeyHashes, quotas } = gatewayOf({
      ...good,
      API_ENDPOINTS: "responses, embeddings",
      CORS_ORIGINS: "https://a.example,https://b.example:8443",
      WEB_API_KEY: `${"0f".repeat(32)},${"a1".repeat(32)}`,
      QUOTAS: '{"guest":{"requestsPerDay":200}}',
    });
    expect([...endpoints]).toEqual(["responses", "embeddings"]);
    expect([...corsOrigins]).toEqual(["https://a.example", "https://b.example:8443"]);
    expect(apiKeyHashes.map(({ length, 0: first }) => [length, first])).toEqual([
      [32, 0x0f],
      [32, 0xa1],
    ]);
    expect(quotas).toEqual({ guest: { requestsPerDay: 200 } });
  });

  it("has its limits in bindings that are named by them", () => {
    expect(gatewayOf(limited).limits).toEqual({
      requests: limited.LIMIT_REQUESTS_100_IN_60000_MS,
      perUser: limited.LIMIT_PER_USER_50_IN_60000_MS,
      perIp: limited.LIMIT_PER_IP_200_IN_60000_MS,
      windowMs: 60_000,
    });
  });

  it("holds no token of OpenClaw's where the identity is the login", () => {
    expect(gatewayOf(byIdentity).signIn).toEqual({ mode: "access", stack: "test" });
    expect(namesIn({ ...byIdentity, OPENCLAW_GATEWAY_TOKEN: "token" })).toEqual(["OPENCLAW_GATEWAY_TOKEN"]);
  });
});

describe("an environment that lacks something", () => {
  it("with nothing in it has all its problems listed", () => {
    const { SIGN_IN, STACK, ...rest } = BINDINGS; // the token is wanted first, and needs no stack
    const wanted = [...Object.keys(rest), "SIGN_IN", "VPC_SERVICE", "LEDGER"];
    expect(namesIn({}).sort()).toEqual(wanted.sort());
  });

  it.each(Object.keys(limited))("is told of %s", (name) => {
    const { [name]: _, ...rest } = name === "STACK" ? byIdentity : limited;
    const [problem = "", ...more] = problemsOf(rest);
    expect(more).toEqual([]);
    expect(problem).toContain(name);
  });

  it.each([
    ["RATE_LIMIT_REQUESTS", "101"],
    ["RATE_LIMIT_PER_USER", "500"],
    ["RATE_LIMIT_PER_IP", "20"],
  ])("is told when %s says another limit than its binding has", (name, value) => {
    const [problem = "", ...more] = problemsOf({ ...limited, [name]: value });
    expect(more).toEqual([]);
    expect(problem).toContain(`${name} and RATE_LIMIT_WINDOW`);
  });
});

describe("a value that cannot be used", () => {
  it.each<[string, Env]>([
    ["a team without a scheme", { TEAM_DOMAIN: "family.cloudflareaccess.com" }],
    ["a team over http", { TEAM_DOMAIN: "http://team.cloudflareaccess.com" }],
    ["a team with a path", { TEAM_DOMAIN: "https://team.cloudflareaccess.com/x" }],
    ["an empty audience", { POLICY_AUD: "" }],
    ["an audience with a space", { POLICY_AUD: "a b" }],
    ["a token that breaks a header", { OPENCLAW_GATEWAY_TOKEN: "a\r\nb" }],
    ["a token that is empty", { OPENCLAW_GATEWAY_TOKEN: "" }],
    ["a VPC service that is a text", { VPC_SERVICE: "x" }],
    ["a ledger that is another binding", { LEDGER: binding("fetch") }],
    ["a sign-in of another name", { SIGN_IN: "none" }],
    ["a flag written in its own way", { FORCE_HTTPS: "TRUE" }],
    ["a cookie switch that is a number", { ACCESS_COOKIE: "1" }],
    ["a limit switch that is empty", { RATE_LIMIT_ENABLED: "" }],
    ["a switch of security events in another word", { LOG_SECURITY_EVENTS: "yes" }],
    ["an audit switch in another word", { ENABLE_AUDIT_LOG: "on" }],
    ["a log level of another name", { LOG_LEVEL: "trace" }],
    ["roles that are no JSON", { ROLES: "{" }],
    ["roles without services", { ROLES: '{"people":{},"agents":{}}' }],
    ["a role of another name", { ROLES: '{"people":{"a@b.c":"admin"},"services":{},"agents":{}}' }],
    ["a role without agents to talk to", { ROLES: '{"people":{},"services":{},"agents":{"guest":[]}}' }],
    ["a quota of no known role", { QUOTAS: '{"admin":{"requestsPerDay":1}}' }],
    ["a quota of nothing", { QUOTAS: '{"guest":{"requestsPerDay":0}}' }],
    ["a quota that is a text", { QUOTAS: '{"guest":{"tokensPerDay":"9"}}' }],
    ["a key that is no hash", { WEB_API_KEY: "the-key-itself" }],
    ["a key that is empty", { WEB_API_KEY: "" }],
    ["a key beside nothing", { WEB_API_KEY: `${"0f".repeat(32)},` }],
    ["a third key", { WEB_API_KEY: Array(3).fill("0f".repeat(32)).join() }],
    ["an endpoint that cannot be switched on", { API_ENDPOINTS: "responses,files" }],
    ["an origin over http", { CORS_ORIGINS: "http://a.example" }],
    ["an origin with a path", { CORS_ORIGINS: "https://a.example/x" }],
    ["every origin", { CORS_ORIGINS: "*" }],
    ["a body limit that is none", { MAX_BODY_BYTES: "0" }],
    ["a body limit with a unit", { MAX_BODY_BYTES: "1MiB" }],
    ["a life of sockets that is none", { SOCKET_MAX_SECONDS: "-1" }],
    ["a part of a socket", { SOCKETS_PER_IDENTITY: "1.5" }],
    ["a limit written as a power", { RATE_LIMIT_REQUESTS: "1e3" }],
  ])("(%s) is refused, without saying it", (_name, change) => {
    const base = "RATE_LIMIT_REQUESTS" in change ? limited : good;
    const problems = problemsOf({ ...base, ...change });
    expect(problems.length).toBeGreaterThan(0);
    for (const [name, value] of Object.entries(change)) {
      expect(problems[0]).toContain(name);
      if (typeof value === "string" && value.length > 5) expect(problems.join(" ")).not.toContain(value);
    }
  });

  it("is refused as a window, where Cloudflare has none of that length", () => {
    expect(problemsOf({ ...limited, RATE_LIMIT_WINDOW: "30000" }).join(" ")).toContain(
      "RATE_LIMIT_WINDOW must be one of 10000, 60000.",
    );
  });
});

describe("a Worker with an incomplete environment", () => {
  it.each([...Object.keys(BINDINGS).filter((name) => name !== "STACK"), "VPC_SERVICE"])(
    "(no %s) answers 503 to everything",
    async (name) => {
      const gateway = await startGateway(
        name === "VPC_SERVICE" ? { withoutVpcService: true } : { bindings: { [name]: undefined } },
      );
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
    },
  );
});
