import { tmpdir } from "node:os";
import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programPermissions } from "../rehearsal/cloudflare/index.ts";
import {
  startTestCloudflare,
  type TestCloudflare,
  uploadScript,
} from "../rehearsal/cloudflare/testing/account.ts";
import { visit } from "../rehearsal/cloudflare/testing/browse.ts";
import { ensureEngine } from "../rehearsal/engine/index.ts";
import { quiet } from "../rehearsal/progress.ts";
import { startProviders } from "../rehearsal/providers/index.ts";
import { openWorkspace, type RehearsalWorkspace } from "../rehearsal/workspace.ts";

// The names are Cloudflare's part alone: with the Pi abandoned nothing needs a host.
const hostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const teardown = new AsyncDisposableStack();
let account: TestCloudflare;
let workspace: RehearsalWorkspace;

beforeAll(async () => {
  account = await startTestCloudflare(246, { zones: ["example.com", "deep.example.com", "example.net"] });
  teardown.defer(() => account.local.close());
  const engine = await ensureEngine(quiet);
  const providers = await startProviders({ env: {}, progress: quiet });
  teardown.defer(() => providers.close());
  const { apiUrl, apiToken } = account.local;
  workspace = await openWorkspace(engine, { apiUrl, apiToken, env: providers.env, parent: tmpdir() });
  teardown.defer(() => workspace.remove());
});

afterAll(() => teardown.disposeAsync());

const base = (): ConfigMap => ({
  "openclaw-gateway:accountId": { value: account.local.accountId },
  "openclaw-gateway:pi.host": { value: "192.0.2.1" },
  "openclaw-gateway:pi.hostKey": { value: hostKey },
  "openclaw-gateway:pi.abandoned": { value: "true" },
  "openclaw-gateway:access.emails[0]": { value: "owner@example.com" },
});

/** Sets the names of a stack, and nothing else of its config. */
async function name(stack: Stack, names: { hostname?: string; also?: string[]; zoneId?: string }) {
  for (const key of ["hostname", "alsoHostnames", "zoneId"])
    await stack.removeConfig(`openclaw-gateway:${key}`).catch(() => {});
  const { hostname, also = [], zoneId } = names;
  const values = {
    ...(hostname && { "openclaw-gateway:hostname": { value: hostname } }),
    ...(zoneId && { "openclaw-gateway:zoneId": { value: zoneId } }),
    ...Object.fromEntries(
      also.map((value, index) => [`openclaw-gateway:alsoHostnames[${index}]`, { value }]),
    ),
  };
  if (Object.keys(values).length > 0) await stack.setAllConfig(values, true);
}

type Names = Parameters<typeof name>[1];

async function upAndAgain(stack: Stack, names: Names) {
  await name(stack, names);
  let said = "";
  const result = await stack.up({ onOutput: (text) => (said += text) });
  const { changeSummary } = await stack.preview();
  expect(Object.keys(changeSummary)).toEqual(["same"]);
  return { ...result, said };
}

describe("a hostname of one's own", { timeout: 120_000 }, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await workspace.stack("own", base());
  });
  afterAll(async () => {
    await stack.destroy();
    expect(account.local.resources()).toEqual([]);
  }, 60_000);

  const refusal = (names: Names, token?: string) =>
    name(stack, names)
      .then(() =>
        stack.setConfig("cloudflare:apiToken", { value: token ?? account.local.apiToken, secret: true }),
      )
      .then(() => stack.preview())
      .then(
        () => "no refusal",
        (error: Error) => /^Diagnostics:\n([\s\S]*?)\nResources:/m.exec(error.message)?.[1] ?? error.message,
      );

  test("is refused before anything is built when its zone is not there, asleep, or something else has it", async () => {
    const { client, local } = account;
    const zone = (await client.zones.list({ name: "example.com" })).result[0]?.id as string;
    expect(await refusal({ hostname: "ai.example.org" })).toMatch(
      /HOSTNAME_ZONE_MISSING: no zone of the account holds ai\.example\.org[\s\S]*config set hostname NAME/,
    );
    expect(await refusal({ hostname: "ai.example.net", zoneId: zone })).toContain(
      `ai.example.net does not lie in the zone ${zone}`,
    );
    const owner = local.issueApiToken({ permissions: [...programPermissions, "DNS Write"] });
    await fetch(`${local.apiUrl}/zones/${zone}/dns_records`, {
      method: "POST",
      headers: { authorization: `Bearer ${owner}` },
      body: JSON.stringify({ name: "www.example.com", type: "CNAME", content: "pages.example.net" }),
    });
    await uploadScript(account, "blog", "export default { fetch: () => new Response('blog') }");
    const domain = { hostname: "blog.example.com", service: "blog", zone_id: zone };
    const { id } = await client.workers.domains.update({ account_id: local.accountId, ...domain });
    const both = await refusal({ hostname: "www.example.com", also: ["blog.example.com"] });
    expect(both).toContain("CLOUDFLARE_NOT_READY: 2 things");
    expect(both).toMatch(
      /HOSTNAME_TAKEN: www\.example\.com has a DNS record already: CNAME pages\.example\.net/,
    );
    expect(both).toMatch(/HOSTNAME_TAKEN: blog\.example\.com belongs to the Worker blog/);
    await client.workers.domains.delete(id as string, { account_id: local.accountId });
    await client.workers.scripts.delete("blog", { account_id: local.accountId });
    expect(local.resources()).toEqual([]);
  });

  test.each(["Zone Read", "DNS Read"] as const)("asks for %s, and only then", async (permission) => {
    const token = account.local.issueApiToken({ without: [permission] });
    expect(await refusal({ hostname: "ai.example.com" }, token)).toContain(
      `lacks the permission "${permission.replace(" ", ": ")}"`,
    );
    expect(await refusal({}, token)).toBe("no refusal");
  });
});
