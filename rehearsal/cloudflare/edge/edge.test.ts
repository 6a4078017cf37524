import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { open, visit } from "../testing/browse.ts";

let cloudflare: TestCloudflare;
let account_id: string;
const url = (name: string, path = "/") =>
  `https://${name}.${cloudflare.local.workersSubdomain}.workers.dev${path}`;
const answering = (expression: string) =>
  `export default { async fetch(request, env) { return ${expression}; } };`;
/** Uploads a Worker and switches its workers.dev name on. */
const publish = async (name: string, source: string, metadata?: Record<string, unknown>) => {
  await uploadScript(cloudflare, name, source, metadata);
  await cloudflare.client.workers.scripts.subdomain.create(name, {
    account_id,
    enabled: true,
    previews_enabled: false,
  });
};

beforeAll(async () => {
  cloudflare = await startTestCloudflare(249, { zones: ["example.com"] });
  account_id = cloudflare.local.accountId;
}, 30_000);
afterAll(() => cloudflare?.local.close());

it("has a certificate for the account's names only", { timeout: 20_000 }, async () => {
  await expect(visit(cloudflare.browser, "https://claw.example.com/")).rejects.toThrow();
  await uploadScript(cloudflare, "custom", answering("new Response(request.url)"));
  const [zone] = (await cloudflare.client.zones.list({ name: "example.com" })).result;
  const zone_id = zone?.id as string;
  await cloudflare.client.workers.domains.update({
    account_id,
    hostname: "claw.example.com",
    service: "custom",
    zone_id,
  });
  expect((await visit(cloudflare.browser, "https://claw.example.com/a")).body).toBe(
    "https://claw.example.com/a",
  );
});

it("answers 404 for a name without a Worker, or whose route is off", { timeout: 20_000 }, async () => {
  expect((await visit(cloudflare.browser, url("none"))).status).toBe(404);
  await publish("switched", answering("new Response('on')"));
  expect((await visit(cloudflare.browser, url("switched"))).status).toBe(200);
  await cloudflare.client.workers.scripts.subdomain.create("switched", { account_id, enabled: false });
  expect((await visit(cloudflare.browser, url("switched"))).status).toBe(404);
});

it("lets a Worker read the team's keys as they are now", { timeout: 20_000 }, async () => {
  const certs = `https://${cloudflare.local.teamDomain}/cdn-cgi/access/certs`;
  await publish("keys", answering(`fetch(${JSON.stringify(certs)})`));
  const seen = await visit(cloudflare.browser, url("keys"));
  expect(JSON.parse(seen.body)).toEqual(JSON.parse((await visit(cloudflare.browser, certs)).body));
});

it("gives new requests to a new upload at once, and lets an open stream of the old one go on", {
  timeout: 30_000,
}, async () => {
  const streaming = `
    export default {
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname !== "/stream") return new Response("first");
        const body = new ReadableStream({
          start: (c) => c.enqueue(new TextEncoder().encode("a")),
          pull: async (c) => { await scheduler.wait(1500); c.enqueue(new TextEncoder().encode("b")); c.close(); },
        });
        return new Response(body);
      },
    };`;
  await publish("replaced", streaming);
  const stream = await open(cloudflare.browser, url("replaced", "/stream"));
  const parts = stream[Symbol.asyncIterator]();
  expect(String((await parts.next()).value)).toBe("a");
  let failures = 0;
  let asking = true;
  const steady = (async () => {
    while (asking) if ((await visit(cloudflare.browser, url("replaced"))).status !== 200) failures++;
  })();
  await uploadScript(cloudflare, "replaced", answering("new Response('second')"));
  expect((await visit(cloudflare.browser, url("replaced"))).body).toBe("second");
  asking = false;
  await steady;
  expect(failures).toBe(0);
  expect(String((await parts.next()).value)).toBe("b");
});
