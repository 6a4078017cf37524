import { afterEach, describe, expect, it } from "vitest";
import { rateLimitBinding } from "../../contract/limits.ts";
import { startGateway, type TestGateway, type TestGatewayOptions } from "../testing/gateway.ts";

const WINDOW_MS = 60_000;
let gateway: TestGateway;
afterEach(() => gateway?.close());

/** A gateway with these limits; those that are not named are out of the way. */
async function start(
  limits: { perIp?: number; perUser?: number; requests?: number },
  more: TestGatewayOptions = {},
) {
  const { perIp = 1000, perUser = 1000, requests = 1000 } = limits;
  const named = { REQUESTS: requests, PER_USER: perUser, PER_IP: perIp } as const;
  gateway = await startGateway({
    ...more,
    bindings: {
      RATE_LIMIT_ENABLED: "true",
      RATE_LIMIT_WINDOW: String(WINDOW_MS),
      ...Object.fromEntries(
        Object.entries(named).map(([kind, limit]) => [`RATE_LIMIT_${kind}`, String(limit)]),
      ),
      ...more.bindings,
    },
    rateLimits: Object.fromEntries(
      (Object.keys(named) as (keyof typeof named)[]).map((kind) => [
        rateLimitBinding(kind, named[kind], WINDOW_MS),
        { limit: named[kind], period: 60 },
      ]),
    ),
  });
}

/** Runs a test within one of Miniflare's windows, which begin with the minute; it is repeated where one ends meanwhile. */
async function withinOneWindow(test: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const windowOf = (now: number) => Math.floor(now / WINDOW_MS);
    const began = windowOf(Date.now());
    const result = await test().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (windowOf(Date.now()) !== began && attempt < 3) continue;
    if (result) throw result.error;
    return;
  }
}

const from = (address: string | undefined, init: Parameters<TestGateway["fetch"]>[1] = {}) => ({
  ...init,
  headers: { ...(init.headers as Record<string, string>), "cf-connecting-ip": address as string },
});
const statusOf = async (path: string, init?: Parameters<TestGateway["fetch"]>[1]) =>
  (await gateway.fetch(path, init)).status;
/** As many statuses, one after the other. */
async function statuses(times: number, path: string, init?: Parameters<TestGateway["fetch"]>[1]) {
  const all: number[] = [];
  for (let n = 0; n < times; n++) all.push(await statusOf(path, init));
  return all;
}

describe("the limit of one address", () => {
  it("counts what asks without a token or with a bad one, and refuses before either is looked at", async () => {
    await start({ perIp: 3 });
    await withinOneWindow(async () => {
      const address = `198.51.100.${Math.floor(Math.random() * 250)}`;
      expect(await statuses(2, "/v1/models", from(address, { token: null }))).toEqual([401, 401]);
      expect(await statuses(3, "/v1/models", from(address, { token: "a.b.c" }))).toEqual([401, 429, 429]);
      expect(await statuses(2, "/nowhere", from(address))).toEqual([429, 429]);
      expect(gateway.team.fetches()).toBe(0); // not even the keys were asked for
      expect(gateway.openclaw.requests).toHaveLength(0);
    });
  });

  it("says when to come again, and no more, to programs and to browsers", async () => {
    await start({ perIp: 1 });
    await withinOneWindow(async () => {
      await statuses(1, "/", from("198.51.100.1"));
      const refused = await gateway.fetch("/v1/models", from("198.51.100.1", { token: null }));
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
      expect([...refused.headers.keys()].filter((name) => name.includes("ratelimit"))).toEqual([]);
      expect(await refused.json()).toMatchObject({ error: { code: "RATE_LIMITED", param: null } });
      const page = await gateway.fetch(
        "/",
        from("198.51.100.1", { headers: { "sec-fetch-mode": "navigate" } }),
      );
      expect([page.status, page.headers.get("content-type")]).toEqual([429, "text/html; charset=utf-8"]);
      expect(page.headers.get("retry-after")).toBe("60");
    });
  });

  it("is one for all the addresses of an IPv6 /64, however they are written", async () => {
    await start({ perIp: 2 });
    await withinOneWindow(async () => {
      const same = ["2001:db8:1:2::1", "2001:DB8:1:2:aaaa:bbbb:cccc:dddd", "2001:0db8:0001:0002::2"];
      expect(await Promise.all(same.map((address) => statusOf("/", from(address))))).toContain(429);
      expect(await statusOf("/", from("2001:db8:1:2:ffff::"))).toBe(429);
      expect(await statusOf("/", from("2001:db8:1:3::1"))).toBe(200);
      expect(await statusOf("/", from("203.0.113.77"))).toBe(200);
    });
  });

  it.each(["127.0.0.1", "10.0.0.1", "not an address", "203.0.113.9, 203.0.113.10"])(
    "is shared by all who have none of the internet: %s is no way around",
    async (address) => {
      await start({ perIp: 2 });
      await withinOneWindow(async () => {
        await statuses(2, "/health", from("192.168.0.1"));
        expect(await statusOf("/health", from(address))).toBe(429);
      });
    },
  );

  it("counts preflights and assets", async () => {
    await start({ perIp: 2 });
    await withinOneWindow(async () => {
      await statusOf("/v1/models", from("198.51.100.2", { method: "OPTIONS", token: null }));
      expect(await statuses(2, "/assets/index-B5fnhNH8.js", from("198.51.100.2"))).toEqual([200, 429]);
    });
  });
});

describe("the limit of one identity", () => {
  it("is not shared by two who come from one address", async () => {
    await start({ perUser: 2 });
    await withinOneWindow(async () => {
      const [person, service] = [await gateway.team.person(), await gateway.team.service()];
      expect(await statuses(3, "/health", { token: person })).toEqual([200, 200, 429]);
      expect(await statuses(3, "/health", { token: service })).toEqual([200, 200, 429]);
    });
  });

  it("is one wherever they come from, and whatever token they bring", async () => {
    await start({ perUser: 2 });
    await withinOneWindow(async () => {
      const mel = (claims = {}) => gateway.team.person({ email: "mel@example.com", ...claims });
      expect(await statusOf("/health", from("198.51.100.3", { token: await mel() }))).toBe(200);
      expect(await statusOf("/health", from("2001:db8::3", { token: await mel({ iat: 1 }) }))).toBe(200);
      const other = await mel({ email: "MEL@example.com", sub: "person-2" });
      const refused = await gateway.fetch("/health", from("198.51.100.4", { token: other }));
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    });
  });

  it("does not count the files that the Control UI is made of: a first visit asks for a hundred", async () => {
    await start({ perUser: 2 });
    await withinOneWindow(async () => {
      await statuses(2, "/");
      const files = [
        "/assets/index-B5fnhNH8.js",
        "/provider-icons/openai.svg",
        "/fonts/geist.css",
        "/favicon.svg",
      ];
      for (const file of files) expect([file, await statusOf(file)]).toEqual([file, 200]);
      const rest = [
        "/",
        "/sessions",
        "/control-ui-config.json",
        "/v1/models",
        "/chat.html",
        "/assets/",
        "/nowhere",
      ];
      for (const path of rest) expect([path, await statusOf(path)]).toEqual([path, 429]);
    });
  });

  it("counts sockets", async () => {
    await start({ perUser: 1 });
    await withinOneWindow(async () => {
      await statusOf("/health");
      const headers = { upgrade: "websocket", origin: "https://claw.example.com" };
      expect(await statusOf("/", { headers })).toBe(429);
    });
  });
});

describe("the limit of everyone together", () => {
  it("counts all identities, and not what their own limit has refused", async () => {
    await start({ perUser: 2, requests: 3 });
    await withinOneWindow(async () => {
      const mel = await gateway.team.person({ email: "mel@example.com" });
      expect(await statuses(5, "/health")).toEqual([200, 200, 429, 429, 429]);
      expect(await statuses(2, "/health", { token: mel })).toEqual([200, 429]);
      expect(await statusOf("/health", { token: await gateway.team.service() })).toBe(429);
    });
  });
});

it("without limits, nothing is counted", async () => {
  gateway = await startGateway();
  expect(new Set(await statuses(30, "/health"))).toEqual(new Set([200]));
});

it("a limit whose binding fails lets requests through, and is logged", async () => {
  await start({ perUser: 1 }, { failingBinding: rateLimitBinding("PER_USER", 1, WINDOW_MS) });
  expect(await statuses(3, "/health")).toEqual([200, 200, 200]);
  expect(await statusOf("/health", { token: null })).toBe(401);
  expect(gateway.log()).toMatch(/"event":"failure".*"code":"RATE_LIMITED".*this binding fails/);
});

it("a Worker whose variables say other limits than its bindings refuses everything", async () => {
  await start({}, { bindings: { RATE_LIMIT_PER_IP: "5000" } });
  const answer = await gateway.fetch("/health");
  expect([answer.status, await answer.json()]).toMatchObject([
    503,
    { error: { code: "GATEWAY_MISCONFIGURED" } },
  ]);
});
