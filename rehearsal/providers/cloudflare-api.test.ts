import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../cloudflare/testing/account.ts";
import { type CloudflareApi, createApi } from "./cloudflare-api.ts";

let cloudflare: TestCloudflare;
let api: CloudflareApi;
let account: string;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(140);
  const { apiUrl, apiToken, accountId } = cloudflare.local;
  api = createApi({ apiToken, baseUrl: apiUrl });
  account = `/accounts/${accountId}`;
});
afterAll(() => cloudflare?.local.close());
afterEach(() => cloudflare.local.faults.clear());

const tunnel = (name: string) => ({ config_src: "cloudflare", name });
/** Statuses of the calls that a piece of work led to. */
async function statusesOf(work: () => Promise<unknown>): Promise<number[]> {
  const before = cloudflare.local.calls.length;
  await work();
  return cloudflare.local.calls.slice(before).map(({ status }) => status);
}

describe("the provider's client", () => {
  it.each([429, 500, 503])("gets over one %i", async (status) => {
    cloudflare.local.faults.failOnce("POST", /\/cfd_tunnel$/, status);
    const statuses = await statusesOf(() =>
      api.call("post", `${account}/cfd_tunnel`, tunnel(`after ${status}`)),
    );
    expect(statuses).toEqual([status, 200]);
  });

  it("tries three times and no more, and does not sit out the five minutes of a spent budget", {
    timeout: 20_000,
  }, async () => {
    cloudflare.local.faults.budget(0);
    const statuses = await statusesOf(() =>
      expect(api.call("get", `${account}/cfd_tunnel`)).rejects.toThrow(/429 Too Many Requests .*"code":971/),
    );
    expect(statuses).toEqual([429, 429, 429]);
  });

  it("sends a create whose answer was lost again, and finds its name taken by itself", {
    timeout: 20_000,
  }, async () => {
    cloudflare.local.faults.loseAnswer("POST", /\/cfd_tunnel$/);
    const statuses = await statusesOf(() =>
      expect(api.call("post", `${account}/cfd_tunnel`, tunnel("lost"))).rejects.toThrow(
        /409 Conflict .*"code":1013,"message":"You already have a tunnel with this name."/,
      ),
    );
    expect(statuses).toEqual([200, 409, 409]);
  });

  it("makes a second one so where names may repeat", async () => {
    cloudflare.local.faults.loseAnswer("POST", /\/service_tokens$/);
    await api.call("post", `${account}/access/service_tokens`, { name: "cli" });
    const names = cloudflare.local.resources().filter((line) => line.startsWith("service token cli"));
    expect(names).toHaveLength(2);
  });

  it("says in Go's words that a connection was cut each time, or that nobody listens", {
    timeout: 20_000,
  }, async () => {
    const path = `${account}/access/organizations`;
    for (let i = 0; i < 3; i++) cloudflare.local.faults.loseAnswer("GET", /\/organizations$/);
    await expect(api.call("get", path)).rejects.toThrow(
      `failed to make http request: Get "${cloudflare.local.apiUrl}${path}": EOF`,
    );
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const nowhere = createApi({ apiToken: "a".repeat(40), baseUrl: `http://127.0.0.1:${port}/client/v4` });
    await expect(nowhere.call("get", path)).rejects.toThrow(
      `failed to make http request: Get "http://127.0.0.1:${port}/client/v4${path}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });
});
