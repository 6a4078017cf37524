import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programPermissions } from "../rehearsal/cloudflare/index.ts";
import { type TestCloudflare, uploadScript } from "../rehearsal/cloudflare/testing/account.ts";
import { visit } from "../rehearsal/cloudflare/testing/browse.ts";
import { anyHostKey, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";
import { cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { atLength, longTest } from "../rehearsal/testing/long-test.ts";
import type { RehearsalWorkspace } from "../rehearsal/workspace.ts";
import { lookAtHostnames } from "./hostnames.ts";

// The names are Cloudflare's part alone: with the Pi abandoned nothing needs a host.
const teardown = new AsyncDisposableStack();
let account: TestCloudflare;
let workspace: RehearsalWorkspace;

beforeAll(async () => {
  const zones = ["example.com", "deep.example.com", "example.net"];
  const pendingZones = ["example.org"];
  ({ account, workspace } = await openCloudStage(246, teardown, { zones, pendingZones }));
});

afterAll(() => teardown.disposeAsync());

const accountOf = () => ({ account_id: account.local.accountId });

const base = (): ConfigMap => ({
  "openclaw-gateway:accountId": { value: account.local.accountId },
  "openclaw-gateway:pi.host": { value: "192.0.2.1" },
  "openclaw-gateway:pi.hostKey": { value: anyHostKey },
  "openclaw-gateway:pi.abandoned": { value: "true" },
  "openclaw-gateway:limits.enabled": { value: "false" },
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

/** An up, after which there is nothing to do. In between it is taken to be so, but where there is time to look. */
async function upAndAgain(stack: Stack, names: Names) {
  await name(stack, names);
  let said = "";
  const result = await stack.up({ onOutput: (text) => (said += text) });
  if (atLength || !names.also) await expectNoDrift(stack);
  return { ...result, said };
}

/** Refused or not, by itself, without an engine. */
const refusal = (hostnames: string[], { token = account.local.apiToken, zoneId = "" } = {}) =>
  lookAtHostnames(
    {
      accountId: account.local.accountId,
      hostnames,
      zoneIds: zoneId ? { [hostnames[0] ?? ""]: zoneId } : {},
      scriptName: "openclaw-own",
      tokenPage: "PAGE",
    },
    { baseUrl: account.local.apiUrl, token },
  ).then(
    (found) => JSON.stringify(found.map(({ hostname }) => hostname)),
    (error: Error) => error.message,
  );

describe("a hostname of one's own", { timeout: 120_000 }, () => {
  const zoneOf = async (name: string) => (await account.client.zones.list({ name })).result[0]?.id as string;

  test("lies in the zone with the longest name that fits", async () => {
    const { accountId, apiUrl: baseUrl, apiToken: token } = account.local;
    const hostnames = ["ai.deep.example.com", "deep.example.com", "ai.example.com", "notexample.com"];
    const wanted = {
      accountId,
      hostnames: hostnames.slice(0, 3),
      zoneIds: {},
      scriptName: "openclaw-own",
      tokenPage: "PAGE",
    };
    const found = await lookAtHostnames(wanted, { baseUrl, token });
    const [deep, flat] = [await zoneOf("deep.example.com"), await zoneOf("example.com")];
    expect(found.map(({ zoneId }) => zoneId)).toEqual([deep, deep, flat]);
    expect(await refusal(hostnames.slice(3))).toContain("no zone of the account holds notexample.com");
  });

  test("is refused when no zone holds it, or not the one that is given", async () => {
    const zoneId = await zoneOf("example.com");
    expect(await refusal(["ai.example.edu"])).toMatch(
      /HOSTNAME_ZONE_MISSING: no zone of the account holds ai\.example\.edu.*there are [0-9a-f]{32} \("example\.com"\), [\s\S]*config set hostname NAME/,
    );
    expect(await refusal(["ai.example.net"], { zoneId })).toContain(
      `ai.example.net does not lie in the zone ${zoneId}`,
    );
    expect(await refusal(["ai.example.com"], { zoneId: "0".repeat(32) })).toContain("HOSTNAME_ZONE_MISSING");
  });

  test("is refused when its zone is not active yet, since nobody would reach it", async () => {
    expect(await refusal(["ai.example.org"])).toMatch(
      /HOSTNAME_ZONE_MISSING: ai\.example\.org lies in the zone example\.org, which is "pending"[\s\S]*registrar of example\.org/,
    );
  });

  test("is refused when another Worker or a DNS record has it, as Cloudflare would refuse it later", async () => {
    const { client, local } = account;
    const account_id = local.accountId;
    const zone_id = await zoneOf("example.com");
    const owner = local.issueApiToken({ permissions: [...programPermissions, "DNS Write"] });
    await fetch(`${local.apiUrl}/zones/${zone_id}/dns_records`, {
      method: "POST",
      headers: { authorization: `Bearer ${owner}` },
      body: JSON.stringify({ name: "www.example.com", type: "CNAME", content: "pages.example.net" }),
    });
    for (const name of ["blog", "openclaw-own"])
      await uploadScript(account, name, "export default { fetch: () => new Response('blog') }");
    const attach = (hostname: string, service: string) =>
      client.workers.domains.update({ account_id, hostname, service, zone_id });
    const attached = [
      await attach("blog.example.com", "blog"),
      await attach("ai.example.com", "openclaw-own"),
    ];
    const both = await refusal(["www.example.com", "blog.example.com"]);
    expect(both).toContain("CLOUDFLARE_NOT_READY: 2 things");
    expect(both).toMatch(
      /HOSTNAME_TAKEN: www\.example\.com has a DNS record already: CNAME pages\.example\.net/,
    );
    expect(both).toMatch(/HOSTNAME_TAKEN: blog\.example\.com belongs to the Worker blog/);
    await expect(attach("www.example.com", "openclaw-own")).rejects.toThrow(/100117/);
    await expect(attach("blog.example.com", "openclaw-own")).rejects.toThrow(/100116/);
    // What this stack's Worker has already is its own.
    expect(await refusal(["ai.example.com"])).toBe('["ai.example.com"]');
    for (const { id } of attached) await client.workers.domains.delete(id as string, { account_id });
    for (const name of ["blog", "openclaw-own"]) await client.workers.scripts.delete(name, { account_id });
  });

  test.each(["Zone Read", "DNS Read"] as const)(
    "needs %s, and without a hostname nothing does",
    async (one) => {
      const token = account.local.issueApiToken({ without: [one] });
      expect(await refusal(["ai.example.com"], { token })).toContain(
        `lacks the permission "${one.replace(" ", ": ")}"`,
      );
      expect(await refusal([], { token })).toBe("[]");
    },
  );
});

/** What someone with a service token is answered at a hostname, again and again until it is stopped. */
function watchName(hostname: string, headers: Record<string, string>) {
  const answers: (number | "no name")[] = [];
  let going = true;
  const loop = (async () => {
    while (going) {
      const status = await visit(account.browser, `https://${hostname}/health`, { headers }).then(
        (page) => page.status,
        () => "no name" as const,
      );
      if (answers.at(-1) !== status) answers.push(status);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  })();
  return async () => {
    going = false;
    await loop;
    return answers;
  };
}

// Through a tunnel that was there before: one stack shows both, since each up takes its time.
describe("a move from one name to another", { timeout: 120_000 }, () => {
  let stack: Stack;
  let workersDev = "";
  let tunnel: { id: string; before: unknown };
  let start = 0;
  const own = "ai.example.com";
  const tunnelCalls = () =>
    account.local.calls.slice(start).filter(({ path }) => path.includes("/cfd_tunnel"));

  beforeAll(async () => {
    const api = cloudflareApi(account.local);
    const { id } = await api.createTunnel("house");
    await api.publish(id, [
      { hostname: "photos.example.com", service: "http://localhost:2342" },
      { service: "http_status:404" },
    ]);
    tunnel = { id, before: await account.client.zeroTrust.tunnels.cloudflared.get(id, accountOf()) };
    start = account.local.calls.length;
    stack = await workspace.stack("move", { ...base(), "openclaw-gateway:tunnel.id": { value: id } });
    workersDev = `openclaw-move.${account.local.workersSubdomain}.workers.dev`;
  });
  afterAll(async () => {
    await stack.destroy();
    const { id, before } = tunnel;
    expect(account.local.resources()).toEqual([`tunnel house (${id})`]);
    expect(await account.client.zeroTrust.tunnels.cloudflared.get(id, accountOf())).toEqual(before);
    expect(tunnelCalls().filter(({ method, path }) => method !== "GET" || path.endsWith("/token"))).toEqual(
      [],
    );
  }, 60_000);

  test("goes through a tunnel that is reused by its id, without a connector of the stack's own", async () => {
    let said = "";
    const { outputs } = await stack.up({ onOutput: (text) => (said += text) });
    expect(outputs.tunnelId?.value).toBe(tunnel.id);
    expect(outputs.tunnelReused?.value).toBe(true);
    expect(said).toMatch(/TUNNEL_UNHEALTHY: the tunnel house, which is reused, is inactive/);
    const services = await account.client.connectivity.directory.services.list(accountOf());
    expect(services.result.map(({ host }) => host)).toEqual([
      { ipv4: "127.0.0.1", network: { tunnel_id: tunnel.id } },
    ]);
    const { resources } = (await stack.exportStack()).deployment;
    const steps = resources.filter(({ type }: { type: string }) => type.endsWith(":Command"));
    expect(steps.map(({ urn }: { urn: string }) => urn.split("::").at(-1))).toEqual([
      "move-footprint",
      "move-openclaw",
    ]);
  });

  /** An up with these names, while someone uses each of two. */
  const watching = async (names: Names, before: string, after: string) => {
    const { clientId, clientSecret } = (await stack.outputs()).serviceTokens?.value.cli ?? {};
    const headers = { "cf-access-client-id": clientId, "cf-access-client-secret": clientSecret };
    const stop = { before: watchName(before, headers), after: watchName(after, headers) };
    const { outputs, said } = await upAndAgain(stack, names);
    return { said, outputs, before: await stop.before(), after: await stop.after() };
  };

  test("by two ups refuses nobody at either name, and each up leaves nothing to do", async () => {
    const both = await watching({ hostname: own, also: ["workers.dev"] }, workersDev, own);
    expect([both.before, both.after]).toEqual([[200], ["no name", 200]]);
    expect(both.outputs.url?.value).toBe(`https://${own}`);
    expect(both.outputs.alsoUrls?.value).toEqual([`https://${workersDev}`]);
    const alone = await watching({ hostname: own }, workersDev, own);
    expect(alone.after).toEqual([200]);
    // Of the name that goes the guard goes a moment before the name; the Worker refuses by itself then.
    expect([
      [200, 401, 404],
      [200, 404],
    ]).toContainEqual(alone.before);
    expect(alone.outputs.alsoUrls).toBeUndefined();
    expect(both.said + alone.said).not.toContain("HOSTNAME_CUT");
    const [app] = (await account.client.zeroTrust.access.applications.list(accountOf())).result;
    expect(app).toMatchObject({ self_hosted_domains: [own] });
    expect(
      account.local.calls.filter(({ path, method }) => method === "POST" && /access\/apps/.test(path)),
    ).toHaveLength(1);
  });

  longTest("leads to a third name, and back below workers.dev, just so", async () => {
    const next = "ai.example.net";
    const both = await watching({ hostname: next, also: [own] }, own, next);
    expect([both.before, both.after]).toEqual([[200], ["no name", 200]]);
    const alone = await watching({ hostname: next }, own, next);
    expect(alone.after).toEqual([200]);
    const back = await watching({ also: [next] }, next, workersDev);
    expect([back.before, back.after]).toEqual([[200], [404, 200]]);
    const home = await watching({}, next, workersDev);
    expect(home.after).toEqual([200]);
    expect(account.local.resources().filter((line) => line.startsWith("custom domain"))).toEqual([]);
  });

  longTest("at once is warned of in the preview, with the lines that avoid it", async () => {
    await name(stack, {});
    await stack.up();
    await name(stack, { hostname: own });
    const { stdout } = await stack.preview();
    expect(stdout).toContain(`HOSTNAME_CUT: the gateway moves from ${workersDev} to ${own} at once`);
    expect(stdout).toContain("npx pulumi config set --path 'alsoHostnames[0]' workers.dev");
  });
});
