import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workerSource } from "../../contract/bundle.ts";
import {
  LEDGER_CLASS,
  LEDGER_MIGRATION,
  WORKER_COMPATIBILITY_DATE,
  WORKER_COMPATIBILITY_FLAGS,
} from "../../contract/worker.ts";
import {
  startTestCloudflare,
  type TestCloudflare,
  uploadScript,
} from "../../rehearsal/cloudflare/testing/account.ts";
import { visit } from "../../rehearsal/cloudflare/testing/browse.ts";
import { BINDINGS } from "../../worker/testing/bindings.ts";
import { type Reload, reloadOnChange } from "./reload.ts";
import { uploadCode } from "./upload.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scriptName = "openclaw-dev";

let project: string;
let cloudflare: TestCloudflare;
let url: string;
let service: Record<string, string>;
let running: Promise<void>;
const end = new AbortController();
const told: { files: readonly string[]; reload: Reload }[] = [];
let wake = () => {};

/** A copy of the Worker in front of a local Cloudflare, with Access before it, and a service that may pass. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "dev-"));
  for (const folder of ["worker", "contract"])
    await cp(join(root, folder), join(project, folder), { recursive: true });
  for (const name of ["node_modules", "package.json"]) await symlink(join(root, name), join(project, name));
  cloudflare = await startTestCloudflare(205);
  const { client, local } = cloudflare;
  const account_id = local.accountId;
  const { access } = client.zeroTrust;
  url = `https://${scriptName}.${local.workersSubdomain}.workers.dev`;
  const token = await access.serviceTokens.create({ account_id, name: "cli" });
  service = {
    "cf-access-client-id": String(token.client_id),
    "cf-access-client-secret": String(token.client_secret),
  };
  const policy = await access.policies.create({
    account_id,
    name: "services",
    decision: "non_identity",
    include: [{ service_token: { token_id: String(token.id) } }],
  });
  const app = (await access.applications.create({
    account_id,
    type: "self_hosted",
    name: scriptName,
    domain: new URL(url).hostname,
    policies: [{ id: String(policy.id), precedence: 1 }],
  })) as { aud?: string };
  const { source } = await workerSource(project);
  await uploadScript(cloudflare, scriptName, Buffer.from(source).toString(), {
    compatibility_date: WORKER_COMPATIBILITY_DATE,
    compatibility_flags: WORKER_COMPATIBILITY_FLAGS,
    migrations: { new_tag: LEDGER_MIGRATION, new_sqlite_classes: [LEDGER_CLASS] },
    bindings: [
      { type: "vpc_service", name: "VPC_SERVICE", service_id: await vpcService(cloudflare) },
      { type: "durable_object_namespace", name: "LEDGER", class_name: LEDGER_CLASS },
      ...Object.entries({
        ...BINDINGS,
        TEAM_DOMAIN: `https://${local.teamDomain}`,
        POLICY_AUD: String(app.aud),
        ROLES: JSON.stringify({
          people: {},
          services: { [String(token.client_id)]: { name: "cli", role: "member" } },
          agents: {},
        }),
      }).map(([name, text]) => ({ type: "plain_text", name, text })),
    ],
  });
  await client.workers.scripts.subdomain.create(scriptName, {
    account_id,
    enabled: true,
    previews_enabled: false,
  });
  await new Promise<void>((ready) => {
    running = reloadOnChange({
      ready,
      project,
      upload: (bundle) => uploadCode(local, scriptName, bundle),
      tell: (files, reload) => {
        told.push({ files, reload });
        wake();
      },
      signal: end.signal,
    });
  });
}, 60_000);

afterAll(async () => {
  end.abort();
  await running;
  await cloudflare?.local.close();
  await rm(project, { recursive: true, force: true });
});

/** The bindings need one; nothing is asked of it here. */
async function vpcService({ client, local }: TestCloudflare): Promise<string> {
  const account_id = local.accountId;
  const { id } = await client.zeroTrust.tunnels.cloudflared.create({
    account_id,
    name: "dev",
    config_src: "cloudflare",
  });
  const { service_id } = await client.connectivity.directory.services.create({
    account_id,
    type: "http",
    name: "dev",
    http_port: 18789,
    host: { ipv4: "127.0.0.1", network: { tunnel_id: String(id) } },
  });
  return String(service_id);
}

/** Changes one file of the Worker, and gives what is told of that change. */
async function change(file: string, from: string | RegExp, to: string): Promise<Reload> {
  const path = join(project, file);
  const before = await readFile(path, "utf8");
  const after = before.replace(from, to);
  expect(after, `${from} in ${file}`).not.toBe(before);
  const seen = told.length;
  // As most editors save: a new file takes the old one's name.
  await writeFile(`${path}.new`, after);
  await rename(`${path}.new`, path);
  for (;;) {
    const news = told.slice(seen).find(({ files }) => files.includes(file));
    if (news) return news.reload;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

const health = (headers: Record<string, string> = service) =>
  visit(cloudflare.browser, `${url}/health`, { headers });
const isRefused = async () => {
  const { status, headers } = await health({});
  return status === 302 && headers["x-request-id"] === undefined;
};

/** Of what the Worker exports. */
const BEGINNING = "export default {";

describe("a Worker that is worked on", () => {
  it("answers as it is, to who has a token of Access", async () => {
    expect(JSON.parse((await health()).body)).toEqual({ status: "ok" });
    expect(await isRefused()).toBe(true);
  });

  it("answers as changed a moment later, with its bindings, and to nobody else", async () => {
    const reload = await change("worker/index.ts", '{ status: "ok" }', '{ status: "changed" }');
    expect(reload).toMatchObject({ outcome: "reloaded" });
    expect(JSON.parse((await health()).body)).toEqual({ status: "changed" });
    expect(await isRefused()).toBe(true);
  });

  it("goes on answering when a change does not bundle, and tells file and line", async () => {
    const reload = await change("worker/index.ts", BEGINNING, `const = 1;\n${BEGINNING}`);
    expect(reload).toEqual({
      outcome: "refused",
      reason: expect.stringMatching(/^worker\/index\.ts:\d+:7: Expected identifier/),
    });
    expect(JSON.parse((await health()).body)).toEqual({ status: "changed" });
    expect(await isRefused()).toBe(true);
    expect(await change("worker/index.ts", "const = 1;\n", "")).toEqual({ outcome: "unchanged" });
  });

  it("goes on answering when a change bundles but does not start", async () => {
    const broken = `throw new Error("not today");\n${BEGINNING}`;
    const reload = await change("worker/index.ts", BEGINNING, broken);
    expect(reload).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/\(10021\)$/) });
    expect(JSON.parse((await health()).body)).toEqual({ status: "changed" });
    expect(await isRefused()).toBe(true);
    await change("worker/index.ts", broken, BEGINNING);
  });

  it("leaves the running one alone when a test or a comment changes", async () => {
    const { calls } = cloudflare.local;
    const before = calls.length;
    expect(await change("worker/identity/auth.test.ts", /^/, "// A comment.\n")).toEqual({
      outcome: "unchanged",
    });
    expect(calls.length).toBe(before);
  });

  it("verifies Access's token itself, as before the change", async () => {
    const settings = await cloudflare.client.workers.scripts.scriptAndVersionSettings.get(scriptName, {
      account_id: cloudflare.local.accountId,
    });
    expect(settings.bindings?.map(({ name }) => name).sort()).toEqual(
      ["VPC_SERVICE", "LEDGER", ...Object.keys(BINDINGS)].sort(),
    );
    expect(settings.compatibility_flags).toEqual(WORKER_COMPATIBILITY_FLAGS);
    // Without Access in front of it, the Worker is asked with no token at all, and says so itself.
    const { client, local } = cloudflare;
    const [app] = await Array.fromAsync(
      client.zeroTrust.access.applications.list({ account_id: local.accountId }),
    );
    await client.zeroTrust.access.applications.delete(String(app?.id), { account_id: local.accountId });
    const { status, headers } = await health({});
    expect(status).toBe(401);
    expect(headers["x-request-id"]).toBeDefined();
  });
});
