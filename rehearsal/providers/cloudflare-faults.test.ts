import * as cloudflare from "@pulumi/cloudflare";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../cloudflare/testing/account.ts";
import { openTestStack, type TestStack } from "./testing/stack.ts";

let local: TestCloudflare["local"];
let test: TestStack;

beforeAll(async () => {
  ({ local } = await startTestCloudflare(141));
  test = await openTestStack(local.apiUrl);
}, 600_000);
afterAll(async () => {
  await test?.close();
  await local?.close();
});
afterEach(() => local.faults.clear());

/** A program of one tunnel, with the account's own token. */
const program = (name: string) => async () => {
  const { apiToken, accountId } = local;
  const provider = new cloudflare.Provider("account", { apiToken, baseUrl: local.apiUrl });
  new cloudflare.ZeroTrustTunnelCloudflared(
    "tunnel",
    { accountId, name, configSrc: "cloudflare" },
    { provider },
  );
};

it("gets an up over one failure of the API", { timeout: 60_000 }, async () => {
  local.faults.failOnce("POST", /\/cfd_tunnel$/, 502);
  test.use(program("one"));
  expect((await test.stack.up()).summary.resourceChanges).toEqual({ create: 3 });
  await test.stack.destroy();
  expect(local.resources()).toEqual([]);
});

it("leaves a tunnel that no state knows when the answer to its create is lost, and every later up says so", {
  timeout: 90_000,
}, async () => {
  local.faults.loseAnswer("POST", /\/cfd_tunnel$/);
  test.use(program("lost"));
  const taken = /409 Conflict .*"code":1013,"message":"You already have a tunnel with this name."/;
  await expect(test.stack.up()).rejects.toThrow(taken);
  expect(await test.stateOnDisk()).not.toContain("zeroTrustTunnelCloudflared:");
  await expect(test.stack.up()).rejects.toThrow(taken);
  expect(local.resources()).toHaveLength(1);
  await test.stack.destroy();
});
