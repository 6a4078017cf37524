import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { found } from "../pi/testing/openclaw-on-pi.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { pulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import { type Watch, watchForOpenGateway, watchProcesses } from "../rehearsal/testing/watch.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { visitorOf } from "../rehearsal/walk/visitor.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const root = join(import.meta.dirname, "..");
const name = "program";

/** The whole program on the real engine, from an empty account and back. */
export function programSuite(stage: () => Stage): void {
  describe("the program on the engine", () => {
    let stack: Stack;
    let before: Inventory;
    let said = "";
    let tunnelId = "";
    const secrets: Record<string, string> = {};
    const listen = (text: string) => {
      said += text;
    };
    const hear = { onOutput: listen, onError: listen };
    const config = () => stackConfig(stage());
    const callsSince = (start: number) =>
      stage()
        .cloudflare.calls.slice(start)
        .filter(({ method, status }) => method !== "GET" && status < 400)
        .map(({ method, path }) => `${method} ${path.replace(/^.*\/accounts\/[0-9a-f]+\//, "")}`);
    const place = (calls: string[], pattern: RegExp) => {
      const index = calls.findIndex((call) => pattern.test(call));
      expect(index, `${pattern} in ${calls.join(", ")}`).toBeGreaterThanOrEqual(0);
      return index;
    };
    let watches: { open: Watch; processes: Watch };
    const startWatching = () => {
      const { cloudflare, ca, host } = stage();
      secrets.apiToken = cloudflare.apiToken;
      secrets.gatewayToken = host.gatewayToken;
      watches = {
        open: watchForOpenGateway({
          hostname: `openclaw-${name}.${cloudflare.workersSubdomain}.workers.dev`,
          edgeAddress: cloudflare.edgeAddress,
          ca: ca.certificate,
        }),
        processes: watchProcesses(() => secrets),
      };
    };
    const expectNothingSeen = async () => {
      for (const watch of [watches.open, watches.processes]) {
        const { looks, found } = await watch.stop();
        expect(looks).toBeGreaterThan(20);
        expect(found).toEqual([]);
      }
    };

    beforeAll(async () => {
      before = await inventoryOf(stage().host);
      stack = await stage().workspace.stack(name, config());
      secrets.privateKey = ((stage().host.privateKey ?? "").split("\n")[3] ?? "").trim();
    });
    afterAll(async () => {
      await stack.destroy().catch(() => {});
    });

    test("builds the chain with Access in place before the name answers", async () => {
      const start = stage().cloudflare.calls.length;
      startWatching();
      const { outputs } = await stack.up(hear);
      await expectNothingSeen();
      const calls = callsSince(start);
      const script = place(calls, /^PUT workers\/scripts\/openclaw-program$/);
      expect(place(calls, /^POST access\/apps/)).toBeLessThan(script);
      expect(script).toBeLessThan(place(calls, /^POST workers\/scripts\/openclaw-program\/subdomain/));
      expect(outputs.url?.value).toBe(
        `https://openclaw-${name}.${stage().cloudflare.workersSubdomain}.workers.dev`,
      );
      expect(outputs.pi?.value).toEqual({ openclaw: "2026.9.6", cloudflared: "2026.8.2", found });
      expect(outputs.serviceTokens?.secret).toBe(true);
      tunnelId = outputs.tunnelId?.value;
      secrets.clientSecret = outputs.serviceTokens?.value.cli.clientSecret;
      secrets.tunnelToken = (
        await stage().host.exec(`cat /etc/openclaw-gateway/${name}/tunnel-token`, { asRoot: true })
      ).stdout.trim();
      expect(Object.values(secrets).every((secret) => secret.length >= 32)).toBe(true);
    });

    test("gives out a curl line that works as it stands, with the secret in no argument", async () => {
      const { curl, serviceTokens, url } = await stack.outputs();
      const { cloudflare, ca } = stage();
      const { clientId, clientSecret = "" } = (serviceTokens?.value.cli ?? {}) as Record<string, string>;
      const caFile = join(stage().workspace.folder, "ca.pem");
      await writeFile(caFile, ca.certificate);
      // Only the way to the rehearsed edge is added.
      const resolve = `${new URL(url?.value).hostname}:443:${cloudflare.edgeAddress}`;
      const line = `curl() { command curl --silent --resolve ${resolve} --cacert ${caFile} "$@"; }; ${curl?.value}`;
      const env = { ...process.env, CF_ACCESS_CLIENT_ID: clientId, CF_ACCESS_CLIENT_SECRET: clientSecret };
      const watch = watchProcesses(() => ({ clientSecret }));
      const { stdout } = await promisify(execFile)("sh", ["-c", line], { env, timeout: 60_000 });
      expect(JSON.parse(stdout).choices[0].message.content).toContain("Hello");
      expect((await watch.stop()).found).toEqual([]);
    });

    test("has nothing to do a second time, and nothing has drifted", async () => {
      expect((await stack.up(hear)).summary.resourceChanges).toEqual({ same: 16 });
      expect((await stack.refresh(hear)).summary.resourceChanges).toEqual({ same: 16 });
    });

    test("takes changed settings to the Worker alone, time and again, though a Durable Object is bound to it", async () => {
      for (const value of ["40", "45"]) {
        await stack.setConfig("openclaw-gateway:limits.perUser", { value }, true);
        const { resourceChanges } = (await stack.up(hear)).summary;
        expect(resourceChanges).toEqual({ update: 1, same: 15 });
      }
      expect((await stack.up(hear)).summary.resourceChanges).toEqual({ same: 16 });
      await stack.removeConfig("openclaw-gateway:limits", false);
      expect((await stack.up(hear)).summary.resourceChanges).toEqual({ update: 1, same: 15 });
    });

    test("takes a stack from one way to sign in to the other and back, with another endpoint open meanwhile", async () => {
      const { host, cloudflare, ca, workspace } = stage();
      const { url, serviceTokens } = await stack.outputs();
      const visitor = await visitorOf(String(url?.value), {
        edgeAddress: cloudflare.edgeAddress,
        caCertificate: ca.certificate,
        credentials: serviceTokens?.value.cli,
        folder: join(workspace.folder, "sign-in-visitor"),
      });
      const auth = async () =>
        JSON.parse((await host.exec(`cat ${host.openclawFolder}/openclaw.json`)).stdout).gateway.auth;
      const before = await auth();
      const question = { model: "openclaw", input: "Say hello to the responses" };
      expect((await visitor.post("/v1/responses", question)).status).toBe(404);
      await stack.setConfig("openclaw-gateway:signIn", { value: "access" }, true);
      await stack.setConfig("openclaw-gateway:api.responses", { value: "true" }, true);
      // The footprint and OpenClaw's config on the Pi, then the Worker.
      expect((await stack.up(hear)).summary.resourceChanges).toEqual({ update: 3, same: 13 });
      expect(await auth()).toMatchObject({ mode: "trusted-proxy" });
      secrets.localPassword = (await auth()).password;
      expect((await visitor.get("/v1/models")).status).toBe(200);
      const { status, body } = await visitor.post("/v1/responses", question);
      expect([status, body.includes("hello to the responses")]).toEqual([200, true]);
      await expectNoDrift(stack);
      await stack.removeConfig("openclaw-gateway:signIn");
      await stack.removeConfig("openclaw-gateway:api");
      expect((await stack.up(hear)).summary.resourceChanges).toEqual({ update: 3, same: 13 });
      expect(await auth()).toEqual(before);
      expect((await visitor.get("/v1/models")).status).toBe(200);
    });

    test("is the same program by `pulumi up` with Pulumi.yaml: same inputs, same state", async () => {
      const state = async () =>
        (await stack.exportStack()).deployment.resources.map(withoutOrigin).sort(byUrn);
      const byApi = await state();
      const { code, output } = await pulumiCli(
        stage(),
        "up",
        "--yes",
        "--stack",
        name,
        "--expect-no-changes",
        "--diff",
      );
      said += output;
      expect(output).toContain("16 unchanged");
      expect(code).toBe(0);
      const byCli = await state();
      expect(byCli).toEqual(byApi);
      expect(globSync("**/Pulumi.yaml", { cwd: root, exclude: ["node_modules/**"] })).toEqual([
        "Pulumi.yaml",
      ]);
    });

    test("shows a secret in nothing that it writes or says", async () => {
      await stack.setConfig("openclaw-gateway:serviceTokens[0].name", { value: "laptop" }, true);
      said += (await pulumiCli(stage(), "preview", "--diff", "--stack", name)).output;
      await stack.removeConfig("openclaw-gateway:serviceTokens");
      // The files themselves: the Automation API's export decrypts.
      const { folder } = stage().workspace;
      const files = globSync(["state/.pulumi/**/*.json*", "Pulumi.*.yaml"], { cwd: folder });
      const state = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
      expect(state).toContain("cloudflare:index/workersScript:WorkersScript");
      const journal = (await stage().host.exec("journalctl --no-pager", { asRoot: true })).stdout;
      expect(said.length).toBeGreaterThan(1000);
      for (const [what, secret] of Object.entries(secrets)) {
        for (const [where, text] of Object.entries({ state, said, journal })) {
          expect(text.includes(secret), `${what} in ${where}`).toBe(false);
        }
      }
    });

    test("stops when the tunnel leads past Access, and names the way", async () => {
      const api = cloudflareApi(stage().cloudflare);
      await api.publish(tunnelId, [
        { hostname: "pi.example.com", service: "http://localhost:18789" },
        { service: "http_status:404" },
      ]);
      await expect(stack.up(hear)).rejects.toThrow(
        /error: TUNNEL_PUBLISHED[\s\S]*pi\.example\.com -> http:\/\/localhost:18789/,
      );
      await api.publish(tunnelId, [{ service: "http_status:404" }]);
      expect((await stack.up(hear)).summary.resourceChanges).toEqual({ same: 16 });
    });

    test("is taken down with the name off first and the tunnel last, after the connector has gone", async () => {
      const start = stage().cloudflare.calls.length;
      startWatching();
      await stack.destroy(hear);
      await expectNothingSeen();
      const calls = callsSince(start);
      const script = place(calls, /^DELETE workers\/scripts\/openclaw-program($|\?)/);
      expect(place(calls, /scripts\/openclaw-program\/subdomain/)).toBeLessThan(script);
      expect(script).toBeLessThan(place(calls, /^DELETE access\/apps/));
      expect(script).toBeLessThan(place(calls, /^DELETE connectivity\/directory\/services/));
      expect(place(calls, /^DELETE connectivity/)).toBeLessThan(place(calls, /^DELETE cfd_tunnel\//));
      expect(stage().cloudflare.resources()).toEqual([]);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    test("has shown no secret to its end", () => {
      expect(said).toContain("TUNNEL_PUBLISHED");
      for (const [what, secret] of Object.entries(secrets)) expect(said.includes(secret), what).toBe(false);
    });

    test("leaves the project as it was: no stack file, no second Pulumi.yaml", () => {
      expect(existsSync(join(root, `Pulumi.${name}.yaml`))).toBe(false);
    });
  });
}

/**
 * A resource of the state without what differs between two ways of running: when it was made, from which lines, and in
 * which order its dependencies were registered.
 */
function withoutOrigin(resource: Record<string, unknown>): Record<string, unknown> {
  const { created, modified, sourcePosition, stackTrace, propertyDependencies, dependencies, ...rest } =
    resource;
  return { ...rest, dependencies: [...((dependencies as string[] | undefined) ?? [])].sort() };
}

/** Resources are registered side by side, so their order in the state is chance. */
const byUrn = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
  String(a.urn).localeCompare(String(b.urn));
