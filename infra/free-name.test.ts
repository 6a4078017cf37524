import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestCloudflare, uploadScript } from "../rehearsal/cloudflare/testing/account.ts";
import { anyHostKey, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";

// A preview on the real engine asks the account and no Pi, so these need no host.
const teardown = new AsyncDisposableStack();
let account: TestCloudflare;
let stack: Stack;

beforeAll(async () => {
  const opened = await openCloudStage(236, teardown);
  account = opened.account;
  stack = await opened.workspace.stack("bad", {
    "openclaw-gateway:accountId": { value: account.local.accountId },
    "openclaw-gateway:pi.host": { value: "192.0.2.1" },
    "openclaw-gateway:pi.hostKey": { value: anyHostKey },
    "openclaw-gateway:access.emails[0]": { value: "owner@example.com" },
  });
});
afterAll(() => teardown.disposeAsync());

/** What a preview is refused with. */
const refusal = (): Promise<string> =>
  stack.preview().then(
    () => "no refusal",
    (error: Error) => error.message,
  );

describe("a name in use", () => {
  const inUse = async (kind: string) => {
    const message = await refusal();
    expect(message).toContain(`CLOUDFLARE_NAME_IN_USE: the account has ${kind}`);
    expect(message).toContain("npx pulumi stack rename NAME");
    const command = /^\s*(printf .*)$/m.exec(message)?.[1] ?? "";
    expect(command).not.toContain(account.local.apiToken);
    return command;
  };
  /** Runs the command as it stands. */
  const run = async (command: string) => {
    const env = { ...process.env, CLOUDFLARE_API_TOKEN: account.local.apiToken };
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { env });
    expect(JSON.parse(stdout)).toMatchObject({ success: true });
    expect(await refusal()).toBe("no refusal");
  };
  const path = () => `/accounts/${account.local.accountId}`;

  test("by a tunnel is refused in the preview, and the line that is shown mends it", async () => {
    await account.client.post(`${path()}/cfd_tunnel`, {
      body: { name: "openclaw-bad", config_src: "cloudflare" },
    });
    await run(await inUse("a tunnel openclaw-bad already"));
  });

  test("by somebody's Worker is refused before the upload would overwrite it", async () => {
    await uploadScript(account, "openclaw-bad", "export default { fetch: () => new Response('mine') }");
    await run(await inUse("a Worker openclaw-bad already"));
  });

  test("by an Access application for the hostname is refused, whatever it is called", async () => {
    const domain = `openclaw-bad.${account.local.workersSubdomain}.workers.dev`;
    const body = { type: "self_hosted", name: "another", domain };
    await account.client.post(`${path()}/access/apps`, { body });
    await run(await inUse(`an Access application for ${domain} already`));
  });

  test("by a VPC service is refused", async () => {
    const tunnel = { body: { name: "another", config_src: "cloudflare" } };
    const { result } = (await account.client.post(`${path()}/cfd_tunnel`, tunnel)) as {
      result: { id: string };
    };
    const host = { ipv4: "127.0.0.1", network: { tunnel_id: result.id } };
    const body = { name: "openclaw-bad", type: "http", http_port: 80, host };
    await account.client.post(`${path()}/connectivity/directory/services`, { body });
    await run(await inUse("a VPC service openclaw-bad already"));
  });
});
