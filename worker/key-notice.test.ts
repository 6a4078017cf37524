import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TOLD } from "./key-notice.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";
import { auditOf } from "./testing/log.ts";

const VISIT = { "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
const TITLE = "<h1>This browser will hold the owner&#39;s key</h1>";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { FORCE_HTTPS: "false" } });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

const asked = () => gateway.openclaw.requests.length;

describe("in token mode, an owner's browser that has not been told", () => {
  it.each(["/", "/?x=1", "/chat/main", "/settings/agents/main"])(
    "is told at %s that it will hold the key, before OpenClaw is asked",
    async (path) => {
      const answer = await gateway.fetch(path, { headers: VISIT });
      const text = await answer.text();
      expect([
        answer.status,
        answer.headers.get("content-type"),
        answer.headers.get("cache-control"),
      ]).toEqual([200, "text/html; charset=utf-8", "no-store, private"]);
      expect(text).toContain(TITLE);
      expect(text).toContain('href="/chat.html"');
      expect(text).not.toMatch(/\son\w+=|https?:|style=|undefined/);
      expect(answer.headers.get("set-cookie")).toBeNull(); // only the button remembers
      expect(asked()).toBe(0);
    },
  );

  it("is told by a page that may run its own few lines and nothing else", async () => {
    const policies: string[] = [];
    for (let visit = 0; visit < 2; visit += 1) {
      const answer = await gateway.fetch("/", { headers: VISIT });
      const policy = answer.headers.get("content-security-policy") ?? "";
      const nonce = /script-src 'nonce-([0-9a-f-]{36})'/.exec(policy)?.[1];
      expect(policy.split("; ")).toEqual([
        "default-src 'none'",
        `script-src 'nonce-${nonce}'`,
        `style-src 'nonce-${nonce}'`,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]);
      expect((await answer.text()).match(/<(script|style)[^>]*>/g)).toEqual([
        `<style nonce="${nonce}">`,
        `<script nonce="${nonce}">`,
      ]);
      policies.push(policy);
    }
    expect(policies[0]).not.toBe(policies[1]);
  });

  it("stands in the log by the route's own name", async () => {
    const root = await gateway.fetch("/", { headers: VISIT });
    expect(await auditOf(gateway, root)).toMatchObject({ route: "GET /", status: 200, role: "owner" });
    const view = await gateway.fetch("/chat/main", { headers: VISIT });
    expect(await auditOf(gateway, view)).toMatchObject({ route: "GET /chat/*", status: 200 });
  });
});

describe("OpenClaw's own page comes at once", () => {
  it.each<[string, string, Record<string, string>]>([
    ["a browser that has been told", "/", { ...VISIT, cookie: TOLD }],
    [
      "one that has other cookies too",
      "/chat/main",
      { ...VISIT, cookie: `CF_Authorization=x; ${TOLD}; a=b` },
    ],
    ["a script of the page", "/", { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }],
    ["a program", "/", {}],
  ])("for %s", async (_who, path, headers) => {
    const answer = await gateway.fetch(path, { headers });
    expect(await answer.text()).not.toContain(TITLE);
    expect(asked()).toBe(1);
    expect(gateway.openclaw.requests[0]?.headers.cookie).toBeUndefined();
  });

  it("for a HEAD", async () => {
    await gateway.fetch("/", { method: "HEAD", headers: VISIT });
    expect(asked()).toBe(1);
  });

  it("over http, where no browser could remember that it was told", async () => {
    const answer = await gateway.fetch("/", { headers: VISIT, origin: "http://claw.example.com" });
    expect(await answer.text()).not.toContain(TITLE);
    expect(asked()).toBe(1);
  });

  it.each(["/control-ui-config.json", "/assets/a.js", "/v1/models"])(
    "and so does %s, which is no page, in a tab of its own",
    async (path) => {
      expect(await (await gateway.fetch(path, { headers: VISIT })).text()).not.toContain(TITLE);
      expect(asked()).toBe(1);
    },
  );

  it.each([
    ["a cookie that begins like the remembered one", `${TOLD}2`],
    ["one that ends like it", `a${TOLD}`],
    ["one that holds it", `a=${TOLD}`],
  ])("not for %s", async (_what, cookie) => {
    const answer = await gateway.fetch("/", { headers: { ...VISIT, cookie } });
    expect(await answer.text()).toContain(TITLE);
  });
});

describe("who may not open OpenClaw's own page is refused, told or not", () => {
  it.each([
    ["mel@example.com", VISIT],
    ["mel@example.com", { ...VISIT, cookie: TOLD }],
    ["gus@guests.example", VISIT],
  ])("%s with %j", async (email, headers) => {
    const token = await gateway.team.person({ email });
    const answer = await gateway.fetch("/", { headers, token });
    const text = await answer.text();
    expect([answer.status, text.includes("ROLE_REFUSED"), text.includes(TITLE)]).toEqual([403, true, false]);
    expect(asked()).toBe(0);
  });
});

it("in access mode there is no key to tell of", async () => {
  await using byIdentity = await startGateway({
    bindings: { SIGN_IN: "access", OPENCLAW_GATEWAY_TOKEN: undefined },
  });
  const answer = await byIdentity.fetch("/", { headers: VISIT });
  expect(await answer.text()).not.toContain(TITLE);
  expect(byIdentity.openclaw.requests).toHaveLength(1);
});
