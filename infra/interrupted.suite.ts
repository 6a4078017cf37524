import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { type CliRun, pulumiCli, startPulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { type Credentials, visitorOf } from "../rehearsal/walk/visitor.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";
import { uploadPlaceholder } from "./ledger-class.ts";

const name = "cut";

/** An up that ends before its end, and what the next one makes of it. */
export function interruptedSuite(stage: () => Stage): void {
  describe("an up that was cut", () => {
    let stack: Stack;
    let before: Inventory;
    const up = () => pulumiCli(stage(), "up", "--yes", "--stack", name);
    /** Until the command has said this. */
    const said = async (run: CliRun, text: string) => {
      for (let heard = ""; !heard.includes(text); ) {
        const next = await Promise.race([run.said(), run.result]);
        if (typeof next !== "string") throw new Error(`it ended before it said "${text}": ${next.output}`);
        heard += next;
      }
    };
    const runAsItStands = async (line: string) => {
      const env = { ...process.env, CLOUDFLARE_API_TOKEN: stage().cloudflare.apiToken };
      const { stdout } = await promisify(execFile)("sh", ["-c", line], { env });
      expect(JSON.parse(stdout)).toMatchObject({ success: true });
    };
    const deletionIn = (output: string) => {
      expect(output).toContain("CLOUDFLARE_NAME_IN_USE");
      return /^\s*(printf 'Authorization.*)$/m.exec(output)?.[1] ?? "";
    };

    beforeAll(async () => {
      before = await inventoryOf(stage().host);
      stack = await stage().workspace.stack(name, stackConfig(stage()));
      stage().cloudflare.faults.policyDelay(3600);
    });
    afterAll(async () => {
      stage().cloudflare.faults.clear();
      await stack.destroy().catch(() => {});
    });

    test("by a lost answer leaves a tunnel that the next one names, with the line that mends it", async () => {
      stage().cloudflare.faults.loseAnswer("POST", /\/cfd_tunnel$/);
      const lost = await up();
      expect(lost.code).not.toBe(0);
      // The provider asks again by itself, and is then told of its own tunnel.
      expect(lost.output).toContain('"code":1013');
      const next = await up();
      expect(next.code).not.toBe(0);
      await runAsItStands(deletionIn(next.output));
    });

    test("by Ctrl-C ends with what it had begun written down", async () => {
      const run = startPulumiCli(stage(), "up", "--yes", "--skip-preview", "--stack", name);
      await said(run, "cut-tunnel creating");
      run.kill("SIGINT");
      const { code, output } = await run.result;
      expect(code).not.toBe(0);
      expect(output).toContain("update canceled");
      const { deployment } = await stack.exportStack();
      expect(deployment.pending_operations ?? []).toEqual([]);
      expect(JSON.stringify(deployment.resources)).toContain("ZeroTrustTunnelCloudflared");
    });

    test("by kill -9 in a step on the Pi leaves a lock, which pulumi cancel takes away, and the next goes on", async () => {
      const run = startPulumiCli(stage(), "up", "--yes", "--skip-preview", "--stack", name);
      await said(run, "cut-connector creating");
      run.kill("SIGKILL");
      await run.result;
      const locked = await up();
      expect(locked.output).toContain("the stack is currently locked by 1 lock(s)");
      expect(locked.output).toContain("`pulumi cancel`");
      expect((await pulumiCli(stage(), "cancel", "--yes", "--stack", name)).code).toBe(0);
      const { accountId, apiUrl, apiToken } = stage().cloudflare;
      // As another cut leaves it, between the placeholder and the Worker's own upload.
      await uploadPlaceholder(accountId, "openclaw-cut", { baseUrl: apiUrl, token: apiToken });
      stage().cloudflare.faults.failOnce("PUT", /\/workers\/scripts\/openclaw-cut$/, 503);
      const next = await up();
      expect(next.code).toBe(0);
      expect(next.output).toContain("Its login page takes up to a minute to appear");
      expect((await up()).output).toContain("16 unchanged");
    }, 400_000);

    test("is as closed as ever while Access does not yet guard the new name", async () => {
      const outputs = await stack.outputs();
      const { cloudflare, ca, workspace } = stage();
      const visitor = await visitorOf(outputs.url?.value, {
        edgeAddress: cloudflare.edgeAddress,
        caCertificate: ca.certificate,
        credentials: outputs.serviceTokens?.value.cli as Credentials,
        folder: `${workspace.folder}/visitor-cut`,
      });
      for (const signedIn of [true, false]) {
        for (const path of ["/", "/v1/models", "/chat.html", "/app/"]) {
          const { status, body } = await visitor.get(path, { signedIn });
          expect([path, status]).toEqual([path, 401]);
          expect(body).toContain("ACCESS_TOKEN_MISSING");
        }
      }
      cloudflare.faults.clear();
      expect((await visitor.get("/v1/models")).status).toBe(200);
      expect((await visitor.get("/v1/models", { signedIn: false })).status).not.toBe(200);
    });

    test("when destroy cannot delete a thing, Cloudflare's own words are shown, though no program runs", async () => {
      const refused = `/accounts/${stage().cloudflare.accountId}/cfd_tunnel/`;
      for (let tries = 0; tries < 3; tries++)
        stage().cloudflare.faults.failOnce("DELETE", new RegExp(`^${refused}[^/]+$`), 500);
      const { code, output } = await pulumiCli(
        stage(),
        "destroy",
        "--yes",
        "--skip-preview",
        "--stack",
        name,
      );
      stage().cloudflare.faults.clear();
      expect(code).not.toBe(0);
      expect(output).toMatch(/cfd_tunnel\/[^"]+": 500 Internal Server Error/);
      expect(output).not.toContain("was not registered");
    });

    test("leaves nothing that destroy does not take off", async () => {
      await stack.destroy();
      expect(stage().cloudflare.resources()).toEqual([]);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });
  });
}
