import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import { lookAtAccount } from "./preflight.ts";

// What a whole preview says of a token: bad-input.test.ts.
let cloudflare: TestCloudflare;
beforeAll(async () => {
  cloudflare = await startTestCloudflare(214);
});
afterAll(() => cloudflare?.local.close());

test.each(["user", "account"] as const)(
  "a token of the kind %s that is good from other addresses alone is told so, and not to be wrong",
  async (kind) => {
    const { apiUrl: baseUrl, accountId } = cloudflare.local;
    const look = (addresses: readonly string[]) =>
      lookAtAccount(accountId, { baseUrl, token: cloudflare.local.issueApiToken({ kind, addresses }) });
    await look(["127.0.0.1"]);
    await expect(look(["192.0.2.1"])).rejects.toThrow(
      /^CLOUDFLARE_TOKEN_ADDRESS: Cloudflare answered 403 .*location: 127\.0\.0\.1 \(code 9109\)\n.*from certain addresses alone.*\n.*Client IP Address Filtering/,
    );
  },
);
