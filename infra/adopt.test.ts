import { readFileSync } from "node:fs";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type TestCloudflare, uploadScript } from "../rehearsal/cloudflare/testing/account.ts";
import type { Engine } from "../rehearsal/engine/index.ts";
import { anyHostKey, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { atLength, longTest } from "../rehearsal/testing/long-test.ts";
import { pulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import type { RehearsalWorkspace } from "../rehearsal/workspace.ts";

const page = new URL("../docs/from-the-tutorial.md", import.meta.url);

/** The lines that the page tells to type, between the function that they call and the end of their block. */
const importLines = (): string[][] =>
  [...readFileSync(page, "utf8").matchAll(/^adopt (\S+) (\S+) "(\S+)"$/gm)].map((match) => match.slice(1));

describe("what was made by hand from the tutorial", { timeout: 180_000 }, () => {
  const teardown = new AsyncDisposableStack();
  let account: TestCloudflare;
  let workspace: RehearsalWorkspace;
  let engine: Engine;
  let stack: Stack;

  beforeAll(async () => {
    if (!atLength) return;
    ({ engine, account, workspace } = await openCloudStage(249, teardown));
  });
  afterAll(() => teardown.disposeAsync());

  /** As the tutorial's pages have it. */
  async function madeByHand() {
    const { client, local } = account;
    const account_id = local.accountId;
    const { access } = client.zeroTrust;
    const tunnel = await client.zeroTrust.tunnels.cloudflared.create({
      account_id,
      name: "openclaw-pi",
      config_src: "cloudflare",
    });
    const service = await client.connectivity.directory.services.create({
      account_id,
      name: "openclaw",
      type: "http",
      http_port: 18789,
      host: { hostname: "localhost", resolver_network: { tunnel_id: tunnel.id ?? "" } },
    });
    const token = await access.serviceTokens.create({ account_id, name: "my laptop" });
    const policy = await access.policies.create({
      account_id,
      name: "my laptop",
      decision: "non_identity",
      include: [{ service_token: { token_id: token.id ?? "" } }],
    });
    await uploadScript(account, "my-claw", "export default { fetch: () => new Response('by hand') }", {
      bindings: [
        { type: "vpc_service", name: "VPC_SERVICE", service_id: service.service_id },
        { type: "secret_text", name: "OPENCLAW_GATEWAY_TOKEN", text: "of the tutorial" },
      ],
    });
    await client.workers.scripts.subdomain.create("my-claw", { account_id, enabled: true });
    const app = await access.applications.create({
      account_id,
      type: "self_hosted",
      name: "OpenClaw",
      domain: `my-claw.${local.workersSubdomain}.workers.dev`,
      policies: [{ id: policy.id ?? "", precedence: 1 }],
    });
    return {
      aud: "aud" in app ? app.aud : "",
      policy: policy.id ?? "",
      ids: {
        TUNNEL_ID: tunnel.id ?? "",
        VPC_SERVICE_ID: service.service_id ?? "",
        APPLICATION_ID: app.id ?? "",
        SERVICE_TOKEN_ID: token.id ?? "",
        WORKER_NAME: "my-claw",
      },
    };
  }

  longTest("comes into a stack by the page's lines, keeps its ids, and nothing is made anew", async () => {
    const { local, client } = account;
    const byHand = await madeByHand();
    stack = await workspace.stack("family", {
      "openclaw-gateway:accountId": { value: local.accountId },
      "openclaw-gateway:workerName": { value: "my-claw" },
      "openclaw-gateway:pi.host": { value: "192.0.2.1" },
      "openclaw-gateway:pi.hostKey": { value: anyHostKey },
      "openclaw-gateway:pi.abandoned": { value: "true" },
      "openclaw-gateway:access.emails[0]": { value: "owner@example.com" },
    });
    const lines = importLines();
    expect(lines).toHaveLength(5);
    for (const [type = "", name = "", id = ""] of lines) {
      const own = Object.entries(byHand.ids).reduce((text, [word, value]) => text.replace(word, value), id);
      const options = ["--yes", "--protect=false", "--generate-code=false", "--stack", "family"];
      const args = [type, name, own.replace("$account", local.accountId)];
      const { code, output } = await pulumiCli({ engine, workspace }, "import", ...options, ...args);
      expect(code, output).toBe(0);
    }
    const start = local.calls.length;
    const { outputs, summary } = await stack.up();
    expect(summary.resourceChanges).toMatchObject({ update: 5 });
    expect(summary.resourceChanges).not.toHaveProperty("replace");
    const deleted = local.calls.slice(start).filter(({ method }) => method === "DELETE");
    expect(deleted).toEqual([]);
    expect(outputs.tunnelId?.value).toBe(byHand.ids.TUNNEL_ID);
    expect(outputs.audience?.value).toBe(byHand.aud);
    expect(outputs.serviceTokens?.value.cli.clientSecret).toBeUndefined();
    await expectNoDrift(stack);
    const names = local.resources().filter((line) => !line.startsWith("Access policy"));
    const expected = [
      `Access application openclaw-family (${byHand.ids.APPLICATION_ID})`,
      "script my-claw (my-claw)",
      `service token openclaw-family-cli (${byHand.ids.SERVICE_TOKEN_ID})`,
      `tunnel openclaw-family (${byHand.ids.TUNNEL_ID})`,
      `VPC service openclaw-family (${byHand.ids.VPC_SERVICE_ID})`,
    ];
    expect(names.sort()).toEqual(expected.sort());
    // The old policy holds the token: the page says to delete it.
    await client.zeroTrust.access.policies.delete(byHand.policy, { account_id: local.accountId });
    await stack.destroy();
    expect(local.resources()).toEqual([]);
  });
});
