import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WORKER_BINDINGS as NAMES } from "../contract/worker.ts";
import { checkConfig } from "./config.ts";
import { workerBindings } from "./worker-bindings.ts";

const required = {
  accountId: "0".repeat(32),
  pi: { host: "192.168.1.20", hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}` },
  access: { emails: ["Owner@Example.com"] },
};
const key = "k".repeat(43);

// Outputs are made here without an engine.
beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }));
afterAll(() => pulumi.runtime.resetOptions("", "", -1, "", "", false, ""));

/** Bindings by name, values in clear. */
async function bindingsOf(config: Record<string, unknown>, stack = "dev") {
  const bindings = workerBindings({
    stack,
    scriptName: `openclaw-${stack}`,
    config: checkConfig(stack, { ...required, ...config }),
    vpcServiceId: "service",
    teamDomain: "https://team.cloudflareaccess.com",
    audience: "audience",
    serviceTokens: Object.fromEntries(
      ["cli", "phone"].map((name) => [
        name,
        { clientId: pulumi.output(`${name}.access`), clientSecret: pulumi.output("secret") },
      ]),
    ),
    gatewayToken: "gateway-token",
  });
  const clear = await new Promise<Record<string, unknown>[]>((resolve) => {
    pulumi.output(bindings).apply((all) => resolve(all as unknown as Record<string, unknown>[]));
  });
  return new Map(clear.map((binding) => [String(binding.name), binding]));
}

const textOf = async (config: Record<string, unknown>, name: string) =>
  (await bindingsOf(config)).get(name)?.text;

describe("workerBindings", () => {
  test("has each variable once, and the gateway's token and the key as secrets alone", async () => {
    const bindings = await bindingsOf({ apiKeys: { current: key } });
    const named = Object.values(NAMES).filter((name) => name !== NAMES.vpcService && name !== NAMES.ledger);
    const secrets = [NAMES.audience, NAMES.gatewayToken, NAMES.apiKey] as string[];
    for (const name of named)
      expect(bindings.get(name)?.type, name).toBe(secrets.includes(name) ? "secret_text" : "plain_text");
    const others = [...bindings.keys()].filter((name) => !named.some((known) => known === name));
    expect(others).toEqual([
      "VPC_SERVICE",
      "LEDGER",
      "LIMIT_REQUESTS_100_IN_60000_MS",
      "LIMIT_PER_USER_50_IN_60000_MS",
      "LIMIT_PER_IP_600_IN_60000_MS",
    ]);
  });

  test("binds OpenClaw's token where it is the login, and nowhere else", async () => {
    expect(await textOf({ signIn: "token" }, NAMES.gatewayToken)).toBe("gateway-token");
    expect(await textOf({ signIn: "access" }, NAMES.gatewayToken)).toBeUndefined();
    expect(await textOf({ signIn: "access" }, NAMES.signIn)).toBe("access");
  });

  test("hands over hashes of the API keys, the current one first, and no key", async () => {
    const bindings = await bindingsOf({ apiKeys: { current: `${key}\n`, previous: "p".repeat(32) } });
    expect(bindings.get(NAMES.apiKey)?.text).toBe(
      // sha256sum of 43 letters k, then of 32 letters p
      "a0484a6185b324e2f355194f334482fc79194cd805185155ddcf6804fdb9090a,a7cbbfdfe39c7df7502aa43b785e40940817b89fbff7834b364d2e343c80c25c",
    );
    expect(JSON.stringify([...bindings.values()])).not.toContain(key);
    expect((await bindingsOf({})).has(NAMES.apiKey)).toBe(false);
  });

  test("leaves limits out where they are off, and gives each limit of each stack a counter of its own", async () => {
    const off = await bindingsOf({ limits: { enabled: false } });
    expect([...off.keys()].filter((name) => /LIMIT/.test(name))).toEqual(["RATE_LIMIT_ENABLED"]);
    const ids = (bindings: Map<string, Record<string, unknown>>) =>
      [...bindings.values()].filter(({ type }) => type === "ratelimit").map(({ namespaceId }) => namespaceId);
    const all = [...ids(await bindingsOf({})), ...ids(await bindingsOf({}, "prod"))];
    expect(new Set(all).size).toBe(6);
    for (const id of all) expect(Number(id)).toBeGreaterThan(0);
    // A changed limit goes on in its counter: the id follows the stack and the kind alone.
    expect(ids(await bindingsOf({ limits: { perIp: 300 } }))).toEqual(all.slice(0, 3));
  });

  test("has the values of a limit in its variable, its binding and the binding's name", async () => {
    const bindings = await bindingsOf({ limits: { perUser: 7, windowSeconds: 10 } });
    expect(bindings.get("RATE_LIMIT_PER_USER")?.text).toBe("7");
    expect(bindings.get("RATE_LIMIT_WINDOW")?.text).toBe("10000");
    expect(bindings.get("LIMIT_PER_USER_7_IN_10000_MS")?.simple).toEqual({ limit: 7, period: 10 });
  });

  test("names each program by its client id, with the role of the config", async () => {
    const serviceTokens = [{ name: "cli" }, { name: "phone", role: "guest" }];
    expect(JSON.parse(String(await textOf({ serviceTokens }, NAMES.roles)))).toEqual({
      people: { "owner@example.com": "owner" },
      services: {
        "cli.access": { name: "cli", role: "member" },
        "phone.access": { name: "phone", role: "guest" },
      },
      agents: { guest: ["default"] },
    });
  });

  test("makes guests of all whom only the sentence for everyone lets in", async () => {
    const everyone = { ...required.access, everyone: "anyone on the internet may sign in as a guest" };
    const roles = JSON.parse(String(await textOf({ access: everyone }, NAMES.roles)));
    expect(roles).toMatchObject({ people: { "owner@example.com": "owner" }, others: "guest" });
    expect(JSON.parse(String(await textOf({}, NAMES.roles)))).not.toHaveProperty("others");
  });

  test("tells the rest as the config has it", async () => {
    const bindings = await bindingsOf({
      api: { responses: true, embeddings: true, maxBodyMiB: 20 },
      corsOrigins: ["https://a.example.com", "https://b.example.com:8443"],
      sockets: { maxSeconds: 60, perIdentity: 2 },
      forceHttps: "false",
      audit: false,
    });
    const text = (name: string) => bindings.get(name)?.text;
    expect(text("API_ENDPOINTS")).toBe("responses,embeddings");
    expect(text("MAX_BODY_BYTES")).toBe("20971520");
    expect(text("CORS_ORIGINS")).toBe("https://a.example.com,https://b.example.com:8443");
    expect([text("SOCKET_MAX_SECONDS"), text("SOCKETS_PER_IDENTITY")]).toEqual(["60", "2"]);
    expect([text("FORCE_HTTPS"), text("ENABLE_AUDIT_LOG"), text("LOG_SECURITY_EVENTS")]).toEqual([
      "false",
      "false",
      "true",
    ]);
  });
});
