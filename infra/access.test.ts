import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { openTestStack, type TestStack } from "../rehearsal/providers/testing/stack.ts";
import { Access } from "./access.ts";
import { configSchema } from "./config.ts";

let cloudflare: TestCloudflare;
let stack: TestStack;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(200);
  const { apiUrl, apiToken } = cloudflare.local;
  stack = await openTestStack(apiUrl, apiToken);
  // The look whether the hostname is free runs in this process.
  vi.stubEnv("CLOUDFLARE_BASE_URL", apiUrl);
  vi.stubEnv("CLOUDFLARE_API_TOKEN", apiToken);
}, 600_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await stack?.close();
  await cloudflare?.local.close();
});

test("what narrows who comes in shows no change afterwards, and a change by hand as that one", {
  timeout: 120_000,
}, async () => {
  const { client, local } = cloudflare;
  const { accountId } = local;
  const account = `/accounts/${accountId}/access`;
  type Made = { result: { id: string }[] & { id: string } };
  const group = await client.post<Made>(`${account}/groups`, {
    body: { name: "family", include: [{ email: { email: "ann@example.com" } }] },
  });
  const providers = await client.get<Made>(`${account}/identity_providers`);
  const subdomain = await client.get<{ result: { subdomain: string } }>(
    `/accounts/${accountId}/workers/subdomain`,
  );
  const use = (access: object, tokens: readonly string[]) =>
    stack.use(async () => {
      new Access("dev", {
        accountId,
        name: "openclaw-dev",
        hostnames: [`openclaw-dev.${subdomain.result.subdomain}.workers.dev`],
        people: configSchema.shape.access.parse(access),
        serviceTokens: configSchema.shape.serviceTokens.parse(tokens.map((name) => ({ name }))),
        preflights: false,
      });
    });
  const narrow = {
    emails: ["ann@example.com"],
    groups: [group.result.id],
    loginMethods: [providers.result[0]?.id],
    require: { country: "DE", mfa: true, devicePostures: [group.result.id] },
    exclude: { countries: ["FR"], groups: [group.result.id] },
    bindingCookie: true,
  };
  use(narrow, ["cli", "phone"]);
  await stack.stack.up();
  expect((await stack.stack.preview({ refresh: true })).changeSummary).toEqual({ same: 8 });

  const policies = await client.get<{ result: { id: string; name: string }[] }>(`${account}/policies`);
  const people = policies.result.find(({ name }) => name === "openclaw-dev-people");
  await client.put(`${account}/policies/${people?.id}`, {
    body: {
      name: "openclaw-dev-people",
      decision: "allow",
      include: [{ everyone: {} }],
      session_duration: "24h",
    },
  });
  expect((await stack.stack.preview({ refresh: true })).changeSummary).toEqual({ same: 7, update: 1 });

  // A token goes with its policy; the other one's is not touched.
  use(narrow, ["phone"]);
  expect((await stack.stack.up({ refresh: true })).summary.resourceChanges).toMatchObject({
    delete: 2,
    update: 2,
  });
});
